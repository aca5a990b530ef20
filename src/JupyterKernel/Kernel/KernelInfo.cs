using System.Runtime.InteropServices;
using JupyterKernel.Link;
using JupyterKernel.Protocol;

namespace JupyterKernel.Kernel;

/// <summary>The content of kernel_info_reply. Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-info</summary>
internal static class KernelInfo
{
    /// <summary>The reply.</summary>
    public static KernelInfoReply Reply { get; } = new(
        Header.ProtocolVersion,
        "jupyter-csharp",
        WorkerPrograms.Version,
        new LanguageInfo("csharp", "14.0", "text/x-csharp", ".cs", "csharp", "text/x-csharp", "script"),
        $"C# kernel {WorkerPrograms.Version} · C# 14 · {RuntimeInformation.FrameworkDescription}",
        Debugger: false,
        [
            new("C# language reference", "https://learn.microsoft.com/dotnet/csharp/language-reference/"),
            new(".NET API browser", "https://learn.microsoft.com/dotnet/api/"),
        ],
        SupportedFeatures: []);
}
