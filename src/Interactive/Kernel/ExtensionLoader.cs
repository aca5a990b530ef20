using System.Reflection;
using System.Runtime.Loader;
using JupyterKernel.Display.Hosting;

namespace Microsoft.DotNet.Interactive;

/// <summary>
/// Loads the extensions that packages contain under interactive-extensions/dotnet. The kernel calls it in a cell of its own after <c>#r
/// "nuget:"</c>.
/// </summary>
public static class ExtensionLoader
{
    /// <summary>The time that an extension may take; after that the kernel no longer waits for it.</summary>
    private static readonly TimeSpan LoadTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Loads the extensions of an assembly. A fault of an extension is a warning.</summary>
    /// <param name="assemblyName">The simple name of the assembly; the kernel knows its file.</param>
    public static async Task LoadAsync(string assemblyName)
    {
        try
        {
            var context = AssemblyLoadContext.GetLoadContext(typeof(ExtensionLoader).Assembly)!;
            var assembly = context.LoadFromAssemblyName(new AssemblyName(assemblyName));
            foreach (var type in assembly.GetTypes().Where(
                type => type is { IsAbstract: false, IsInterface: false } && typeof(IKernelExtension).IsAssignableFrom(type)))
            {
                // On a thread of its own: an extension that never returns delays nothing else.
                var loading = Task.Run(() => ((IKernelExtension)Activator.CreateInstance(type)!).OnLoadAsync(Kernel.Root));
                try
                {
                    await loading.WaitAsync(LoadTimeout);
                }
                catch (TimeoutException) when (!loading.IsCompleted)
                {
                    Warn(assemblyName, $"{type.Name} did not complete within {LoadTimeout.TotalSeconds:0} s");
                }
            }
        }
        catch (Exception fault) when (!NotebookHost.IsInterruption(fault))
        {
            Warn(assemblyName, Why(fault));
        }
    }

    private static string Why(Exception fault) => fault switch
    {
        TargetInvocationException { InnerException: { } inner } => Why(inner),
        TypeInitializationException { InnerException: { } inner } => Why(inner),
        ReflectionTypeLoadException { LoaderExceptions: [{ } first, ..] } => Why(first),
        MissingMemberException or TypeLoadException or FileNotFoundException =>
            $"it requires a feature that this kernel does not have: {fault.Message}",
        _ => $"{fault.GetType().Name}: {fault.Message}",
    };

    private static void Warn(string assemblyName, string why) =>
        Console.Error.WriteLine($"The extension {assemblyName} was not loaded ({why}). The package itself can be used.");
}
