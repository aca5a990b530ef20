using System.Collections.Immutable;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Tables;

/// <summary>
/// Tables that have more rows than are shown, so that a front end can ask for the others: by an id in their bundle. What they hold are
/// references to the data. The latest hold it firmly, up to a number of rows; the others as long as a variable does. Any thread.
/// </summary>
internal static class VirtualTables
{
    /// <summary>What front ends that can ask for rows show a table by; the others take its HTML.</summary>
    internal const string MimeType = "application/vnd.jupyter-csharp.table+json";

    private const int MaxTables = 256;
    private const int MaxHeld = 32;
    private const int MaxRowsHeld = 1_000_000;

    // The latest first. Exchanged, not locked: who is interrupted while holding a lock would leave it taken.
    private static ImmutableList<VirtualTable> tables = [];

    /// <summary>The bundle of a table, and the id to ask for its other rows by, where it has more and they can be read again.</summary>
    /// <param name="bundle">What it is shown as.</param>
    /// <param name="value">The data.</param>
    /// <param name="membersOnly">Whether the items' members are shown though the items may have another form.</param>
    /// <param name="names">The names of tuples' items in it.</param>
    internal static MimeBundle WithRows(MimeBundle bundle, object value, bool membersOnly, TupleNames? names = null)
    {
        if (NotebookHost.Current is not { } host || TableRows.CountOf(value) is not { } count || count <= FormatLimits.ListItems || FormatLimits.ListItems <= 0) return bundle;
        var table = new VirtualTable(host.NewId("table"), value, membersOnly, names);
        Add(table, count);
        return bundle.With(MimeType, new JsonObject { ["table"] = table.Id, ["rows"] = count, ["shown"] = FormatLimits.ListItems });
    }

    /// <summary>Answers a query: with some rows as HTML, or with why there are none. Runs the rows' own code.</summary>
    internal static byte[] Answer(byte[] query) => Answer(query, isCodeAllowed: true)!;

    /// <summary>The same beside a running cell.</summary>
    /// <returns>Null where the rows' own code would have to run.</returns>
    internal static byte[]? AnswerWithoutCode(byte[] query) => Answer(query, isCodeAllowed: false);

    /// <summary>Memory is short: from now on data is held only as long as a variable holds it.</summary>
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
                : new() { ["error"] = "The rows of this table are not kept any more: run its cell again to see them.", ["gone"] = true };
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
