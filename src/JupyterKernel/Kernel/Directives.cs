using System.Globalization;
using System.Net;
using System.Text;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// Cells that speak to the kernel and not to C#: a single line that begins with <c>#!</c>. They leave nothing in the
/// history. Loop thread.
/// </summary>
internal sealed class Directives
{
    private const int VariablesShown = 10;

    private readonly NotebookSession session;
    private readonly Supervisor supervisor;
    private readonly Dictionary<string, Func<string[], Task<CellOutcome>>> handlers;

    public Directives(NotebookSession session, Supervisor supervisor)
    {
        this.session = session;
        this.supervisor = supervisor;
        handlers = new()
        {
            ["#!recycle"] = _ => RecycleAsync(),
            ["#!undo"] = _ => UndoAsync(),
            ["#!history"] = _ => Task.FromResult<CellOutcome>(History()),
            ["#!memory"] = _ => MemoryAsync(),
            ["#!trace"] = _ => Task.FromResult<CellOutcome>(Shown(session.LastException is { } last ? Traceback.Whole(last) : "No cell has thrown an exception yet.", [])),
            ["#!settings"] = words => Task.FromResult(Settings(words)),
        };
    }

    /// <summary>What a cell asks of the kernel; null if it is C#.</summary>
    public Func<Task<CellOutcome>>? Find(string code)
    {
        if (!code.AsSpan().TrimStart().StartsWith("#!")) return null;
        var words = code.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return handlers.TryGetValue(words[0], out var handler) && !code.Trim().Contains('\n', StringComparison.Ordinal) ? () => handler(words[1..]) : null;
    }

    private async Task<CellOutcome> UndoAsync()
    {
        if (session.Accepted.Count == 0) return Shown("There is no accepted cell to take back.", []);
        var last = session.Accepted[^1];
        session.TruncateFrom(last);
        var names = string.Join(", ", last.Compiled.DeclaredNames);
        var began = DateTime.UtcNow;
        try
        {
            await supervisor.RebuildAsync();
        }
        catch (WorkerStartException failure)
        {
            return new CellOutcome.WorkerLost(failure.Message, []);
        }

        return Replayed($"{last.Compiled.Name} was taken back{(names.Length > 0 ? $", and with it {names}" : "")}.", began);
    }

    private async Task<CellOutcome> RecycleAsync()
    {
        var began = DateTime.UtcNow;
        try
        {
            supervisor.Forgive();
            await supervisor.RecycleAsync(cause: null);
        }
        catch (WorkerStartException failure)
        {
            return new CellOutcome.WorkerLost(failure.Message, []);
        }

        return Replayed("The worker was replaced.", began);
    }

    private CellOutcome.Returned Replayed(string what, DateTime began) =>
        Shown($"{what} Accepted cells executed again in a fresh worker: {session.Accepted.Count}, in {Milliseconds(DateTime.UtcNow - began)}.", []);

    private CellOutcome.Returned History() => Shown(
        $"Accepted cells, which are executed again in a fresh worker: {session.Accepted.Count}.",
        [
            ["cell", "code", "ran for", "allocated", "ended", "replay", "declares"],
            .. session.Accepted.Select(cell => (string[])
            [
                cell.Compiled.Name, FirstLine(cell.Compiled.Code), Milliseconds(cell.Took), Size.Format(cell.AllocatedBytes), cell.Threw ? "threw" : "returned",
                cell.Policy.ToString().ToLowerInvariant(), string.Join(", ", cell.Compiled.DeclaredNames),
            ]),
        ]);

    private async Task<CellOutcome> MemoryAsync()
    {
        var largest = await supervisor.LargestVariablesAsync(VariablesShown);
        var kernel = ProcessUsage.OfThisProcess();
        var worker = supervisor.Current;
        var usage = worker?.Usage;
        var heap = worker?.Memory;
        return Shown(
            $"The worker is replaced when it uses more than {Size.Format(supervisor.Watch.ThresholdBytes)} and cannot give it back. Its heap may grow to {Size.Format(KernelSettings.Current.MemoryCeilingBytes)}; past that a cell gets an OutOfMemoryException.",
            [
                ["", "resident", "private", "heap", "assemblies", "processor time"],
                ["worker, which runs the cells", Size.Format(usage?.ResidentBytes ?? 0), Size.Format(usage?.PrivateBytes ?? 0), Size.Format(heap?.HeapBytes ?? 0), Number(heap?.Assemblies ?? 0), Milliseconds(usage?.Processor ?? TimeSpan.Zero)],
                ["kernel, which compiles them", Size.Format(kernel.ResidentBytes), Size.Format(kernel.PrivateBytes), Size.Format(GC.GetTotalMemory(false)), Number(AppDomain.CurrentDomain.GetAssemblies().Length), Milliseconds(kernel.Processor)],
                .. largest.Select(variable => (string[])["variable " + variable.Name, "", "", Size.Format(variable.Bytes), "", ""]),
            ]);
    }

    private static CellOutcome Settings(string[] words)
    {
        var settings = KernelSettings.Current;
        if (words.Length > 0 && settings.Set(words[0], string.Join(' ', words[1..])) is { } problem) return new CellOutcome.Refused("DirectiveError", problem);
        return Shown(
            words.Length > 0 ? $"{words[0]} is set for this kernel." : "Set one with: #!settings name value",
            [["setting", "value", "meaning"], .. KernelSettings.All.Select(setting => (string[])[setting.Name, setting.Get(settings), setting.Description])]);
    }

    private static string FirstLine(string code)
    {
        const int Longest = 60;
        var line = code.Trim().ReplaceLineEndings("\n").Split('\n')[0];
        return line.Length > Longest ? line[..Longest] + "…" : line;
    }

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:N0} ms");

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A sentence and a table whose first row is its head, plain and rich.</summary>
    private static CellOutcome.Returned Shown(string sentence, string[][] table)
    {
        var plain = new StringBuilder(sentence);
        var outer = sentence.Contains('\n', StringComparison.Ordinal) ? "pre" : "p";
        var html = new StringBuilder($"<{outer}>").Append(WebUtility.HtmlEncode(sentence)).Append(CultureInfo.InvariantCulture, $"</{outer}>");
        if (table.Length > 0)
        {
            var widths = table[0].Select((_, column) => table.Max(row => row[column].Length)).ToArray();
            foreach (var row in table) plain.Append('\n').Append(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
            html.Append("<table>");
            foreach (var row in table)
            {
                var tag = row == table[0] ? "th" : "td";
                html.Append("<tr>").AppendJoin("", row.Select(cell => $"<{tag}>{WebUtility.HtmlEncode(cell)}</{tag}>")).Append("</tr>");
            }

            html.Append("</table>");
        }

        return new CellOutcome.Returned(
            WireFormat.ToJson(new JObject { ["text/plain"] = plain.ToString(), ["text/html"] = html.ToString() }), WireFormat.ToJson(new JObject()));
    }
}
