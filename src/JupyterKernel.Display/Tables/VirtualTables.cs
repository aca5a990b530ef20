using System.Collections.Immutable;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Tables;

/// <summary>
/// The tables with more rows than are shown, which front ends can query by the id in the bundle. They reference their data: the most recent
/// tables strongly, up to a total number of rows, the others weakly. Any thread.
/// </summary>
internal static class VirtualTables
{
    /// <summary>The MIME type for front ends that query rows; others display the HTML.</summary>
    internal const string MimeType = "application/vnd.jupyter-csharp.table+json";

    private const int MaxTables = 256;
    private const int MaxHeld = 32;
    private const int MaxRowsHeld = 1_000_000;

    // The most recent first. Exchanged atomically instead of locked, because a thread that is aborted would not release a lock.
    private static ImmutableList<VirtualTable> tables = [];

    /// <summary>Adds the id of a table to its bundle if the table has more rows than shown and they can be read again.</summary>
    /// <param name="bundle">The forms of the table.</param>
    /// <param name="value">The data.</param>
    /// <param name="membersOnly">Whether the members of items are shown even if the items have another form.</param>
    /// <param name="names">The names of tuple items in the data.</param>
    internal static MimeBundle WithRows(MimeBundle bundle, object value, bool membersOnly, TupleNames? names = null)
    {
        if (NotebookHost.Current is not { } host || TableRows.CountOf(value) is not { } count || count <= FormatLimits.ListItems
            || FormatLimits.ListItems <= 0)
            return bundle;
        var table = new VirtualTable(host.NewId("table"), value, membersOnly, names);
        Add(table, count);
        return bundle.With(MimeType, new JsonObject { ["table"] = table.Id, ["rows"] = count, ["shown"] = FormatLimits.ListItems });
    }

    /// <summary>Answers a query with rows as HTML or with an error. May run user code of the rows.</summary>
    internal static byte[] Answer(byte[] query) => Answer(query, isCodeAllowed: true)!;

    /// <summary>Answers a query while a cell may be running.</summary>
    /// <returns>The answer; null if user code of the rows would have to run.</returns>
    internal static byte[]? AnswerWithoutCode(byte[] query) => Answer(query, isCodeAllowed: false);

    /// <summary>Releases all strong references to data, because memory is short.</summary>
    internal static void LetGo()
    {
        foreach (var table in Volatile.Read(ref tables)) table.LetGo();
    }

    private static void Add(VirtualTable table, int count)
    {
        for (var known = Volatile.Read(ref tables); ;)
        {
            var others = known.Count < MaxTables ? known : known.RemoveRange(MaxTables - 1, known.Count - MaxTables + 1);
            var seen = Interlocked.CompareExchange(ref tables, others.Insert(0, table), known);
            if (seen == known) break;
            known = seen;
        }

        long rows = count;
        var place = 0;
        foreach (var older in Volatile.Read(ref tables).SkipWhile(other => other != table).Skip(1))
        {
            if (++place < MaxHeld && rows + older.Rows <= MaxRowsHeld) rows += older.Rows;
            else older.LetGo();
        }
    }

    private static byte[]? Answer(byte[] content, bool isCodeAllowed)
    {
        JsonNode? id = null;
        JsonObject? answer;
        try
        {
            var query = TableQuery.Of(content, out id);
            answer = Volatile.Read(ref tables).Find(table => table.Id == query.Table) is { Value: { } value } table
                ? table.Answer(query, value, isCodeAllowed)
                : new() { ["error"] = "The rows of this table are no longer kept. Run its cell again to see them.", ["gone"] = true };
        }
        catch (TableQueryException unusable)
        {
            answer = new() { ["error"] = unusable.Message };
        }
        catch (Exception fault) when (!NotebookHost.IsInterruption(fault))
        {
            answer = new() { ["error"] = FaultText.Of(fault) };
        }

        if (answer is null) return null;
        answer["id"] = id;
        answer["process"] = Environment.ProcessId;
        return JsonValues.ToUtf8(answer);
    }
}
