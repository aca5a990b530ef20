using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using JupyterKernel.Compilation;
using JupyterKernel.Execution;
using JupyterKernel.Supervision;
using JupyterKernel.Worker.Cells;
using JupyterKernel.Worker.Channel;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>The statements of ARCHITECTURE.md that the code can confirm.</summary>
public sealed class ArchitectureDocumentTests
{
    private const long MB = 1024 * 1024;

    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    private static readonly string Text = File.ReadAllText(Path.Combine(Root, "ARCHITECTURE.md")).ReplaceLineEndings(" ")
        .Replace("  ", " ", StringComparison.Ordinal);

    [Fact]
    public void Limits_are_those_of_the_code()
    {
        Says($"with a stack of {(int)Constant(typeof(CompilationThread), "StackBytes") / MB} MB");
        Says($"user code, with a stack of {(int)Constant(typeof(CellThread), "StackBytes") / MB} MB");
        var (messages, bytes) = (Constant(typeof(KernelChannel), "MaxUntakenMessages"), Constant(typeof(KernelChannel), "MaxUntakenBytes"));
        Says($"At most {messages} messages or {(long)bytes / MB} MB");
        Says($"for at most {((TimeSpan)Constant(typeof(WorkerChannel), "TurnLimit")).TotalMilliseconds} ms at a time");
        Says($"After {((TimeSpan)Constant(typeof(Supervisor), "InterruptTimeout")).TotalSeconds} s the worker is terminated");
        Says($"up to {(long)Constant(typeof(Commits), "MaxRecordedBytes") / MB / 1024} GB for all such cells");
        Says($"up to {(long)Constant(typeof(Commits), "MaxChangesBytes") / MB} MB); its own names");
        Says($"`WorkerSlot` is in one of {(Enum.GetValues<WorkerSlotState>().Length == 5 ? "five" : "?")} states");
    }

    [Fact]
    public void Every_folder_of_the_kernel_is_a_room()
    {
        var folders = Directory.EnumerateDirectories(Path.Combine(Root, "src", "JupyterKernel")).Select(Path.GetFileName)
            .Where(folder => folder is not ("bin" or "obj"));

        Assert.DoesNotContain(folders, folder => !Text.Contains($"`{folder}`", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_design_note_is_there() =>
        Assert.Empty(
            from link in System.Text.RegularExpressions.Regex.Matches(Text, @"\]\((docs/[^)]+)\)")
            let path = Path.Combine(Root, link.Groups[1].Value)
            where !File.Exists(path)
            select path);

    private static void Says(FormattableString statement) =>
        Assert.Contains(statement.ToString(CultureInfo.InvariantCulture), Text, StringComparison.Ordinal);

    private static object Constant(Type type, string name) =>
        type.GetField(name, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)?.GetValue(null)
        ?? throw new InvalidOperationException($"{type.Name} has no {name}.");

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
