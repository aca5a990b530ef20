namespace Microsoft.DotNet.Interactive;

/// <summary>What a package has done when it is referenced: of each such class in its folder interactive-extensions/dotnet one object is made.</summary>
public interface IKernelExtension
{
    /// <summary>Called once in a session, and again when its cells are executed again.</summary>
    Task OnLoadAsync(Kernel kernel);
}
