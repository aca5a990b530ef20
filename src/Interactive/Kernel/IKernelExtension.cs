namespace Microsoft.DotNet.Interactive;

/// <summary>
/// An extension that runs when its package is referenced. In the assemblies of the package folder
/// interactive-extensions/dotnet, one instance of each class that implements this interface is created.
/// </summary>
public interface IKernelExtension
{
    /// <summary>Loads the extension. Called once per session, and again when the session's cells are replayed.</summary>
    Task OnLoadAsync(Kernel kernel);
}
