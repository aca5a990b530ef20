namespace Microsoft.DotNet.Interactive;

/// <summary>
/// An extension that a package runs when it is referenced: one instance is created of each such class in its folder
/// interactive-extensions/dotnet.
/// </summary>
public interface IKernelExtension
{
    /// <summary>Loads the extension. Called once per session, and again when its cells are replayed.</summary>
    Task OnLoadAsync(Kernel kernel);
}
