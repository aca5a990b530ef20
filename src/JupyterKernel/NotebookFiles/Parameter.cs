using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.NotebookFiles;

/// <summary>
/// A parameter from the command line. As in papermill, it is declared in a cell inserted after the one tagged "parameters".
/// Source: https://papermill.readthedocs.io/en/latest/usage-parameterize.html
/// </summary>
internal sealed record Parameter(string Name, string Value)
{
    private const string Tag = "parameters";
    private const string InjectedTag = "injected-parameters";

    /// <summary>The C# declaration: numbers, true, false and null keep their types, any other value is a string.</summary>
    public string Declaration => Value is "null" ? $"string {Name} = null!;" : $"var {Name} = {Literal(Value)};";

    /// <summary>Parses <c>name=value</c>.</summary>
    /// <exception cref="FormatException">The text does not have that form, or the name is not a valid C# identifier.</exception>
    public static Parameter Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0) throw new FormatException($"'{text}' is not a valid value for --parameter. Use name=value.");
        var name = text[..equals];
        if (!SyntaxFacts.IsValidIdentifier(name) || SyntaxFacts.GetKeywordKind(name) != SyntaxKind.None)
            throw new FormatException($"'{name}' is not a valid parameter name. Use a C# identifier.");
        return new Parameter(name, text[(equals + 1)..]);
    }

    /// <summary>
    /// Inserts the parameters into a notebook, replacing those of an earlier run; for a repeated name the last value applies.
    /// </summary>
    public static void Inject(IReadOnlyList<Parameter> parameters, NotebookFile notebook)
    {
        var declarations = parameters.GroupBy(parameter => parameter.Name).Select(sameName => sameName.Last().Declaration);
        var source = string.Join('\n', declarations.Prepend("// Parameters"));
        notebook.InsertCode(
            source, InjectedTag,
            replaced: notebook.Cells.FirstOrDefault(cell => cell.IsCode && cell.HasTag(InjectedTag)),
            after: notebook.Cells.FirstOrDefault(cell => cell.IsCode && cell.HasTag(Tag)));
    }

    private static string Literal(string value)
    {
        if (bool.TryParse(value, out var truth)) return truth ? "true" : "false";
        if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole.ToString(CultureInfo.InvariantCulture) + (whole is < int.MinValue or > int.MaxValue ? "L" : "");
        if (!IsWhole(value)
            && double.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number))
        {
            return number.ToString("R", CultureInfo.InvariantCulture) + "d";
        }

        return SymbolDisplay.FormatLiteral(value, quote: true);
    }

    // As a double, a whole number that is too large for a long would lose digits; as a string it keeps them.
    private static bool IsWhole(string value) => value.AsSpan().TrimStart("+-").IndexOfAnyExceptInRange('0', '9') < 0;
}
