using System.Reflection;
using System.Runtime.Loader;
using JupyterKernel.Display.Hosting;

namespace Microsoft.DotNet.Interactive;

/// <summary>
/// Loads the extensions that packages contain in the folder interactive-extensions/dotnet. After <c>#r "nuget:"</c>, the kernel
/// generates a cell that calls it.
/// </summary>
public static class ExtensionLoader
{
    /// <summary>The maximum time to wait for an extension to load.</summary>
    private static readonly TimeSpan LoadTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Loads the extensions in an assembly. An exception of an extension is shown as a warning.</summary>
    /// <param name="assemblyName">The simple name of the assembly, whose file the load context knows.</param>
    public static async Task LoadAsync(string assemblyName)
    {
        try
        {
            var context = AssemblyLoadContext.GetLoadContext(typeof(ExtensionLoader).Assembly)!;
            var assembly = context.LoadFromAssemblyName(new AssemblyName(assemblyName));
            foreach (var type in assembly.GetTypes().Where(
                type => type is { IsAbstract: false, IsInterface: false } && typeof(IKernelExtension).IsAssignableFrom(type)))
            {
                // On the thread pool, so that an extension that never returns does not block the cell.
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
