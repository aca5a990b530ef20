using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>
/// The magics that list variables. Reading the values may run user code, so generated C# reads them in the worker; it is not added to
/// the history. Loop thread.
/// </summary>
internal static class VariableMagics
{
    private const string Table = "global::JupyterKernel.Display.VariableTable";

    /// <summary>The magics in listing order.</summary>
    public static readonly IReadOnlyList<MagicDefinition> All =
    [
        new("#!who", "Lists the variables' names.", (_, cell) => Task.FromResult<CellOutcome>(
            cell.Session.Variables is { Count: > 0 } names ? TableOutput.Of(string.Join(", ", names))
                : TableOutput.Of("There are no variables yet."))),
        new("#!whos", "Lists the variables with their types and values.", ListAsync),
    ];

    private static async Task<CellOutcome> ListAsync(MagicCall call, IRunningCell cell)
    {
        var names = cell.Session.Variables.ToList();
        if (names.Count == 0) return TableOutput.Of("There are no variables yet.");
        var left = new List<string>();
        var outcome = await cell.RunCSharpAsync(Code(names, left), call, isKept: false);

        // Some variables, for example pointers, cannot be passed to a generic method.
        if (outcome is CellOutcome.DidNotCompile { Errors: var errors })
        {
            left = [.. errors.Select(error => error.Location.GetLineSpan().StartLinePosition.Line - call.Line)
                .Where(row => row >= 0 && row < names.Count).Distinct().Select(row => names[row])];
            if (left.Count > 0) outcome = await cell.RunCSharpAsync(Code(names.Except(left), left), call, isKept: false);
        }

        return outcome;
    }

    /// <summary>Returns the generated C#, with one line per variable, beginning on the second line.</summary>
    private static string Code(IEnumerable<string> names, IEnumerable<string> left)
    {
        var rows = names.Select(name => $"{Table}.Row(\"{name}\", @{name})").Concat(left.Select(name => $"{Table}.Row(\"{name}\")"));
        return $"{Table}.Of(\n{string.Join(",\n", rows)}\n)";
    }
}
