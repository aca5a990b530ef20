using JupyterKernel.Compilation;
using JupyterKernel.Intelligence;
using JupyterKernel.Magics;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Packages;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Sockets;
using JupyterKernel.Supervision;
using JupyterKernel.Link;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// Answers the requests of front ends about code: complete, inspect and is_complete. Roslyn works on the pool, including while a cell runs.
/// Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#completion
/// </summary>
internal sealed class LanguageRequests(NotebookSession session, Supervisor supervisor, LanguageService language)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Typical texts to complete: a name in scope, and a member.</summary>
    private static readonly string[] Typical = ["Console.Wr", "var text = \"\"; text.", "Stopw"];

    private readonly Completion completion = new(new PackageNames(Environment.CurrentDirectory));
    private readonly Inspection inspection = new(new DocumentationFiles(DotnetSdk.FindReferencePack));

    // The latest request of each kind from each client; replies to earlier ones are no longer needed.
    private readonly Dictionary<(string Client, string Type), CancellationTokenSource> asked = [];

    private MagicSet Magics => new(session.Magics);

    private CellDeclarations[] Declared => [.. session.Accepted.Select(cell => cell.Compiled.Declarations)];

    /// <summary>Answers a complete_request.</summary>
    public async Task<object?> CompleteAsync(Request request)
    {
        var content = WireFormat.FromJson<CompleteRequest>(request.Message.Content);
        var index = CodePoints.ToIndex(content.Code, content.CursorPos ?? int.MaxValue);
        CompiledCell[] accepted = [.. session.Accepted.Select(cell => cell.Compiled)];
        var magics = Magics;
        var found = MagicCompletion.Complete(content.Code, index, magics) ?? await AskAsync(
            request,
            cancellation => completion.CompleteAsync(
                language.Open(OnlyCSharp(content.Code, magics), [.. accepted.Select(cell => cell.Declarations)], cancellation), index,
                RecentNames.In([.. accepted.TakeLast(RecentNames.MaxCells - 1).Select(cell => cell.Code), content.Code]), cancellation),
            new CompletionList([], index, index));
        session.Offer(found.Items.Where(item => item.Namespace is not null)
            .Select(item => KeyValuePair.Create(item.Text, item.Namespace!)));
        return Reply(content.Code, found);
    }

    /// <summary>Answers an inspect_request.</summary>
    public async Task<object?> InspectAsync(Request request)
    {
        var content = WireFormat.FromJson<InspectRequest>(request.Message.Content);
        var index = CodePoints.ToIndex(content.Code, content.CursorPos);
        var (accepted, magics) = (Declared, Magics);
        var found = await AskAsync(
            request,
            cancellation => inspection.InspectAsync(language.Open(OnlyCSharp(content.Code, magics), accepted, cancellation), index,
                content.DetailLevel, cancellation),
            null);
        if (found is { Variable: { } variable } && await ReadVariableAsync(variable) is { } value) found = found.WithValue(value);
        return found is null
            ? new InspectReply(false, [], [])
            : new InspectReply(true,
                new JObject { ["text/plain"] = found.Plain, ["text/html"] = found.Html, ["text/markdown"] = found.Markdown }, []);
    }

    /// <summary>Answers an is_complete_request.</summary>
    public async Task<object?> IsCompleteAsync(Request request)
    {
        var content = WireFormat.FromJson<IsCompleteRequest>(request.Message.Content);
        var magics = Magics;
        var judged = await AskAsync(
            request,
            cancellation => Task.FromResult(CellBlocks.MayHave(content.Code) ? JudgeBlocks(content.Code, magics, cancellation)
                : Completeness.Judge(content.Code, cancellation)),
            new Completeness("unknown"));
        return new IsCompleteReply(judged.Status, judged.Indent);
    }

    /// <summary>
    /// Runs a completion before the first request, including unimported names: front ends wait one second for a reply, and reading all
    /// names for the first time takes that long. Uses about 0.4 s of processor time.
    /// </summary>
    public Task WarmUpAsync()
    {
        var accepted = Declared;
        return Task.Run(async () =>
        {
            foreach (var code in Typical)
            {
                await completion.CompleteAsync(language.Open(code, accepted, CancellationToken.None), code.Length, RecentNames.None,
                    CancellationToken.None);
            }
        });
    }

    /// <summary>Reads a variable's value as one line of text; null if it is not available immediately or only by running code.</summary>
    private Task<string?> ReadVariableAsync(string name) =>
        session.Accepted.LastOrDefault(cell => cell.Compiled.Variables.Contains(name)) is { } declarer
        ? supervisor.ReadVariableAsync(new CellVariable(declarer.Compiled.AssemblyName, name))
        : Task.FromResult<string?>(null);

    private static CompleteReply Reply(string code, CompletionList found)
    {
        var (start, end) = (CodePoints.FromIndex(code, found.Start), CodePoints.FromIndex(code, found.End));
        return new CompleteReply(found.Matches, start, end, found.Metadata(start, end));
    }

    private static string OnlyCSharp(string code, MagicSet magics) =>
        CellBlocks.MayHave(code) ? CellBlocks.OnlyCSharp(code, magics.Find) : code;

    /// <summary>Judges the last block; the text of a magic ends with a blank line, because nothing else marks its end.</summary>
    private static Completeness JudgeBlocks(string code, MagicSet magics, CancellationToken cancellation) =>
        CellBlocks.Of(code, magics.Find, CellLanguage.CSharp) switch
    {
        [.., { Magic: null } csharp] => Completeness.Judge(csharp.Text, cancellation),
        [.., { Magic: { } magic }] when magics.Find(magic) is { TakesText: true }
            && !code.AsSpan(code.AsSpan().TrimEnd().Length).Contains('\n') => new("incomplete", ""),
        _ => new("complete"),
    };

    /// <summary>
    /// Queries Roslyn on the pool. Some texts keep it busy indefinitely, and a newer request of the same client makes the earlier one
    /// obsolete: the result is then <paramref name="noAnswer"/>.
    /// </summary>
    private async Task<T> AskAsync<T>(Request request, Func<CancellationToken, Task<T>> question, T noAnswer)
    {
        var kind = (request.Client, request.Type);
        if (asked.TryGetValue(kind, out var stale)) await stale.CancelAsync();
        using var asking = new CancellationTokenSource(AnswerTimeout);
        asked[kind] = asking;
        try
        {
            return await Task.Run(() => question(asking.Token), asking.Token).WaitAsync(asking.Token);
        }
        catch (OperationCanceledException)
        {
            return noAnswer;
        }
        finally
        {
            if (asked.GetValueOrDefault(kind) == asking) asked.Remove(kind);
        }
    }
}
