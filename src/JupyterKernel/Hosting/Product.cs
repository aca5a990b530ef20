using System.Reflection;

namespace JupyterKernel.Hosting;

/// <summary>Describes this program.</summary>
internal static class Product
{
    /// <summary>The program's version.</summary>
    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
