namespace Microsoft.DotNet.Interactive;

/// <summary>
/// An extension that runs when its package is referenced. One instance is created of each such class in the package's folder
/// interactive-extensions/dotnet.
/// </summary>
public interface IKernelExtension
{
    /// <summary>Loads the extension. Called once per session, and again when the session's cells are replayed.</summary>
    Task OnLoadAsync(Kernel kernel);
}
