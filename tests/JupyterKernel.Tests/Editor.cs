using JupyterKernel.Compilation;
using JupyterKernel.Intelligence;
using JupyterKernel.Packages;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Sends an editor's requests after cells that are compiled as the kernel does; a | in a cell's text is the cursor.</summary>
public abstract class Editor
{
    private static readonly CellCompiler Compiler = new(Environment.CurrentDirectory);
    private static readonly LanguageService Language = new(Compiler);
    private static readonly Completion Completion = NewCompletion();
    private static readonly Inspection Inspection = new(new DocumentationFiles(DotnetSdk.FindReferencePack));

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected static CellDeclarations[] After(params string[] cells)
    {
        var brought = new List<CellDeclarations>();
        var previous = Compiler.Root;
        foreach (var code in cells)
        {
            var outcome = Compiler.Compile(code, "Cell", previous, Cancellation);
            Assert.True(outcome.Cell is not null, string.Join('\n', outcome.Errors));
            brought.Add(outcome.Cell.Declarations);
            previous = outcome.Cell.Link;
        }

        return [.. brought];
    }

    private protected static Completion NewCompletion() => new(new PackageNames(Environment.CurrentDirectory));

    private protected static CompletionList Complete(Completion completion, string code, int index, CellDeclarations[] after) =>
        completion.CompleteAsync(Language.Open(code, after, Cancellation), index, RecentNames.None, Cancellation).GetAwaiter().GetResult();

    private protected static CompletionList Complete(string text, params string[] cells)
    {
        var index = text.IndexOf('|', StringComparison.Ordinal);
        return CompleteAt(text.Remove(index, 1), index, After(cells));
    }

    private protected static CompletionList CompleteAt(string code, int index, CellDeclarations[] after,
        CancellationToken? cancellation = null, params string[] recent) =>
        Completion.CompleteAsync(Language.Open(code, after, cancellation ?? Cancellation), index, RecentNames.In(recent), cancellation
            ?? Cancellation).GetAwaiter().GetResult();

    /// <summary>The tooltip, without the escapes that make parts of it bold in a terminal.</summary>
    private protected static Tooltip? Inspect(string text, int detail = 0, params string[] cells)
    {
        var index = text.IndexOf('|', StringComparison.Ordinal);
        return InspectAt(text.Remove(index, 1), index, detail, After(cells));
    }

    private protected static Tooltip? InspectAt(string code, int index, int detail, CellDeclarations[] after,
        CancellationToken? cancellation = null) =>
        Inspection.InspectAsync(Language.Open(code, after, cancellation ?? Cancellation), index, detail, cancellation ?? Cancellation)
            .GetAwaiter().GetResult() is { } tooltip
            ? tooltip with { Plain = tooltip.Plain.Replace("\u001b[1m", "", StringComparison.Ordinal)
                .Replace("\u001b[0m", "", StringComparison.Ordinal) }
            : null;
}
