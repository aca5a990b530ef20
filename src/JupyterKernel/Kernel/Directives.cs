using System.Globalization;
using System.Net;
using System.Text;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Supervision;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// Cells that speak to the kernel and not to C#: a single line that begins with <c>#!</c>. They leave nothing in the
/// history. Loop thread.
/// </summary>
internal sealed class Directives
{
    private readonly NotebookSession session;
    private readonly Supervisor supervisor;
    private readonly Dictionary<string, Func<Task<CellOutcome>>> handlers;

    public Directives(NotebookSession session, Supervisor supervisor)
    {
        this.session = session;
        this.supervisor = supervisor;
        handlers = new()
        {
            ["#!recycle"] = () => RecycledAsync("The worker was replaced."),
            ["#!undo"] = UndoAsync,
            ["#!history"] = () => Task.FromResult<CellOutcome>(History()),
            ["#!memory"] = () => Task.FromResult<CellOutcome>(Memory()),
        };
    }

    /// <summary>What a cell asks of the kernel; null if it is C#.</summary>
    public Func<Task<CellOutcome>>? Find(string code) => handlers.GetValueOrDefault(code.Trim());

    private Task<CellOutcome> UndoAsync()
    {
        if (session.Accepted.Count == 0) return Task.FromResult<CellOutcome>(Shown("There is no accepted cell to take back.", []));
        var last = session.Accepted[^1];
        session.Remove(last);
        var names = string.Join(", ", last.Compiled.DeclaredNames);
        return RecycledAsync($"{last.Compiled.Name} was taken back{(names.Length > 0 ? $", and with it {names}" : "")}.");
    }

    private async Task<CellOutcome> RecycledAsync(string what)
    {
        var began = DateTime.UtcNow;
        try
        {
            await supervisor.RecycleAsync();
        }
        catch (WorkerStartException failure)
        {
            return new CellOutcome.WorkerLost(failure.Message, []);
        }

        return Shown($"{what} Accepted cells executed again in a fresh worker: {session.Accepted.Count}, in {Milliseconds(DateTime.UtcNow - began)}.", []);
    }

    private CellOutcome.Returned History() => Shown(
        $"Accepted cells, which are executed again in a fresh worker: {session.Accepted.Count}.",
        [
            ["cell", "code", "ran for", "ended", "declares"],
            .. session.Accepted.Select(cell => (string[])
            [
                cell.Compiled.Name, FirstLine(cell.Compiled.Code), Milliseconds(cell.Took), cell.Threw ? "threw" : "returned",
                string.Join(", ", cell.Compiled.DeclaredNames),
            ]),
        ]);

    private CellOutcome.Returned Memory()
    {
        var kernel = ProcessUsage.OfThisProcess();
        var worker = supervisor.WorkerUsage;
        return Shown(
            $"The worker's heap may grow to {Megabytes(SupervisionSettings.Current.MemoryCeilingBytes)}; past that a cell gets an OutOfMemoryException.",
            [
                ["process", "resident memory", "processor time"],
                ["worker, which runs the cells", Megabytes(worker?.ResidentBytes ?? 0), Milliseconds(worker?.Processor ?? TimeSpan.Zero)],
                ["kernel, which compiles them", Megabytes(kernel.ResidentBytes), Milliseconds(kernel.Processor)],
            ]);
    }

    private static string FirstLine(string code)
    {
        const int Longest = 60;
        var line = code.Trim().ReplaceLineEndings("\n").Split('\n')[0];
        return line.Length > Longest ? line[..Longest] + "…" : line;
    }

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:N0} ms");

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB");

    /// <summary>A sentence and a table whose first row is its head, plain and rich.</summary>
    private static CellOutcome.Returned Shown(string sentence, string[][] table)
    {
        var plain = new StringBuilder(sentence);
        var html = new StringBuilder("<p>").Append(WebUtility.HtmlEncode(sentence)).Append("</p>");
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
