namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>A subscription that ends when it is disposed of.</summary>
internal sealed class Subscription(Action end) : IDisposable
{
    public void Dispose() => end();
}
