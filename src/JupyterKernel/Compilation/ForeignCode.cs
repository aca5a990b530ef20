using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>
/// Recognizes code of other languages and suggests the C# equivalent. Each row of a table describes one construct. Immutable; any thread.
/// </summary>
internal static class ForeignCode
{
    private const string Comment = "A comment begins with //.";
    private const string Print = "Use Console.WriteLine(…). The value of the expression that ends a cell is displayed automatically.";
    private const string Package = "Add a NuGet package: #r \"nuget: PackageName\"";
    private const string Parse = "Convert with a cast or a parser: (int)x, int.Parse(\"5\"), double.Parse(\"0.5\")";
    private const string Interpolated = "An interpolated string begins with $: $\"… {x} …\"";

    /// <summary>
    /// Patterns for lines, each with the hint for an error inside the match. $1 stands for the text of the pattern's first group and is not
    /// used if the pattern has none. The first row that matches applies, so specific rows come before general ones.
    /// </summary>
    private static readonly (string Pattern, string Hint)[] Rows =
    [
        // Commands of IPython and of shells
        (@"^\s*%%?time(?:it)?\b.*", "Put #!time above the code to see how long it takes."),
        (@"^\s*%matplotlib\b.*", "Charts need no setup: Plot.Line(values)"),
        (@"^\s*%%?[A-Za-z_]\w*.*", "Magics begin with #! here: #!lsmagic lists them."),
        (@"^\s*!?\s*cd\s+([\w./~\\-]+)\s*$", "Change the working directory: Directory.SetCurrentDirectory(\"$1\");"),
        (@"^\s*!?\s*pwd\s*$", "Show the working directory: Directory.GetCurrentDirectory()"),
        (@"^\s*!?\s*ls\s*$", "List the files of a directory: Directory.GetFileSystemEntries(\".\")"),
        (@"^\s*!\s*([A-Za-z][\w.-]*)\s+(?!is\b|as\b|switch\b|with\b)([\w./~-][^""\\]*?)\s*$",
            "Run a program: System.Diagnostics.Process.Start(\"$1\", \"$2\")"),
        (@"^\s*!\s*([A-Za-z][\w.-]*)\s+(?!is\b|as\b|switch\b|with\b)[\w./~""'*$-].*",
            "Run a program: System.Diagnostics.Process.Start(\"$1\", \"arguments\")"),
        (@"^\s*(ls|cat|mkdir|rm|cp|mv|git|dotnet|curl|wget|grep)\s+([\w./~-][^""\\= ][^""\\=]*?)\s*$",
            "Run a program: System.Diagnostics.Process.Start(\"$1\", \"$2\")"),

        // Output
        (@"\b(?:print(?:ln|f)?|puts|echo|console\.\w+|System\.out\.print(?:ln|f)?|fmt\.Print\w*|Write-Host|alert|MsgBox)\s*[(""'].*",
            Print),
        (@"^\s*(?:print|puts|echo|Write-Host|cout)\s+(?!=).*", Print),

        // Comments, strings and characters
        (@"^\s*#\s*include\b.*", "Namespaces are imported with using: using System.Text;"),
        (@"^\s*#(?!r\b|load\b|!).*", Comment),
        (@"^\s*--\s*[A-Za-z].*", Comment),
        (@"^\s*'[^']*$", Comment),
        (@"'((?:[^'\\""]|\\.){2,})'?", "String literals use double quotes: \"$1\""),
        ("''", "String literals use double quotes: \"\""),
        (@"(?<!\w)[fF][""'].*", Interpolated),
        (@"`.*", Interpolated),
        (@"(?<!\w)[rR]""([^""]*)""?", "A verbatim string begins with @: @\"$1\""),

        // Imports and packages
        (@"^\s*(?:import\b.*|from\s+[\w.]+\s+import\b.*|Imports\s.*)",
            "Namespaces are imported with using, packages with #r: using System.Text; #r \"nuget: PackageName\""),
        (@"\brequire\s*\(.*", Package),

        // Declarations
        (@"^\s*(?:async\s+)?(?:def|function|func|fn|fun|Function|Sub)\s+(\w+)\s*\(.*",
            "Declare a method with its types: int $1(int x) { return x; }"),
        (@"^\s*(?:export\s+)?const\s+(\w+)\s*=.*", "Declare a constant with its type, or a variable: const int $1 = …; var $1 = …;"),
        (@"^\s*(?:export\s+)?(?:let|val|auto|local|mut|Dim|my)\s+(?:mut\s+)?\$?(\w+).*", "Declare a variable: var $1 = …;"),
        (@"^\s*final\s+(?:[\w<>\[\]]+\s+)?(\w+)\s*=.*", "Declare a variable: var $1 = …;"),
        (@"\blambda\b\s*([A-Za-z_][\w, ]*)?:.*", "A lambda is written with =>: x => x + 1"),
        (@"\bboolean\b", "In C#, write bool."),
        (@"\b(?:Integer|integer)\b", "In C#, write int."),

        // Control flow
        (@"\b(?:elif|elsif|elseif|ElseIf)\b.*", "In C#, write else if (…) { … }"),
        (@"^\s*for\s*\(?\s*(?:(?:var|let|const|int|String|string|auto|Each)\s+)?(\w+)(?:\s*,\s*\w+)*\s+(?:in|of)\b.*",
            "Loop over a sequence: foreach (var $1 in …) { … }"),
        (@"^\s*for(?:each)?\s*\(\s*[\w<>\[\]]+\s+(\w+)\s*:.*", "Loop over a sequence: foreach (var $1 in …) { … }"),
        (@"^\s*foreach\s*\(\s*(\w+)\s+in\b.*", "Declare the loop's variable: foreach (var $1 in …) { … }"),
        (@"^\s*(?:if|else|while|for|with|try|except|finally|class)\b[^?]*:\s*(?:pass|return\b.*|#.*)?$",
            "Conditions are in parentheses and blocks in braces: if (…) { … }"),
        (@"^\s*(?:except|rescue)\b.*", "In C#, write catch (Exception e) { … }"),
        (@"^\s*raise\b.*", "In C#, write throw new Exception(\"…\");"),
        (@"^\s*End\s+(?:If|Sub|Function|While|Class)\s*$", "A block ends with a brace: }"),

        // Operators
        (@"!==", "In C#, write !=."),
        (@"===", "In C#, write ==."),
        (@"\S+\s*<>\s*\S+", "In C#, write !=."),
        (@"\*\*", "Raise to a power with Math.Pow(x, y)."),
        (@":=", "In C#, write =."),
        (@"\band\b", "In C#, write &&."),
        (@"\bor\b", "In C#, write ||."),
        (@"\bnot\s+", "In C#, write !."),

        // Values and functions
        (@"\b(?:None|nil|undefined|Nothing|NULL|nullptr)\b(?!\s*\()", "In C#, write null."),
        (@"\b(?:True|TRUE)\b", "In C#, write true."),
        (@"\b(?:False|FALSE)\b", "In C#, write false."),
        (@"\bself\b", "In C#, write this."),
        (@"\blen\s*\(\s*([\w.]+)\s*\)", "Use $1.Length for arrays and strings, $1.Count for collections."),
        (@"\blen\s*\(.*", "Use x.Length for arrays and strings, x.Count for collections."),
        (@"\bstr\s*\(\s*([\w.]+)\s*\)", "Use $1.ToString()."),
        (@"\bstr\s*\(.*", "Use x.ToString()."),
        (@"\b(?:int|float|double|bool|long)\s*\(.*", Parse),
        (@"\b(?:parseInt|parseFloat|CInt|CDbl)\s*\(.*", Parse),
        (@"\brange\s*\(.*", "Create a range of numbers: Enumerable.Range(start, count)"),
        (@"\btype\s*\(\s*([\w.]+)\s*\)", "Use $1.GetType()."),
        (@"\btypeof\s+(\w+)", "Use $1.GetType()."),
        (@"\bsleep\s*\(.*", "Wait: await Task.Delay(milliseconds);"),
        (@"\b(?:sum|sorted|reversed|enumerate|zip|map|filter|any|all)\s*\(.*",
            "Use LINQ methods: xs.Sum(), xs.Order(), xs.Select(x => …), xs.Where(x => …)"),
    ];

    /// <summary>Members of types in other languages, and their names in C#; the first name that the type has applies.</summary>
    private static readonly (string[] Names, string[] Here)[] MemberRows =
    [
        (["length", "size", "len", "count", "Length", "Count", "Size"], ["Length", "Count"]),
        (["push", "append", "add", "push_back", "Append", "Push"], ["Add", "Append", "Enqueue"]),
        (["extend", "addAll", "concat"], ["AddRange", "Concat"]),
        (["map"], ["Select"]),
        (["filter"], ["Where"]),
        (["reduce", "fold", "inject"], ["Aggregate"]),
        (["forEach", "each"], ["ForEach"]),
        (["has", "includes", "containsKey", "has_key"], ["ContainsKey", "Contains"]),
        (["upper", "toUpperCase"], ["ToUpper"]),
        (["lower", "toLowerCase"], ["ToLower"]),
        (["strip", "trim"], ["Trim"]),
        (["substr", "slice"], ["Substring", "Slice", "Take"]),
        (["startswith", "startsWith"], ["StartsWith"]),
        (["endswith", "endsWith"], ["EndsWith"]),
        (["keys"], ["Keys"]),
        (["values"], ["Values"]),
        (["sort", "sorted"], ["Sort", "Order"]),
        (["getClass"], ["GetType"]),
        (["Format", "strftime"], ["ToString"]),
    ];

    private static readonly Lazy<(Regex Pattern, string Hint)[]> Compiled =
        new(() => [.. Rows.Select(row => (new Regex(row.Pattern, RegexOptions.CultureInvariant), row.Hint))]);

    /// <summary>
    /// Returns a hint with the C# form of the code at an error; null if the code is not recognized as that of another language.
    /// </summary>
    /// <param name="error">A syntax error, or an error about a name that does not exist.</param>
    /// <param name="tree">The syntax tree that contains the error.</param>
    public static string? HintFor(Diagnostic error, SyntaxTree tree, CancellationToken cancellation)
    {
        var text = tree.GetText(cancellation);
        var line = text.Lines.GetLineFromPosition(error.Location.SourceSpan.Start);
        var written = text.ToString(line.Span);
        var place = error.Location.SourceSpan.Start - line.Start;
        foreach (var (pattern, hint) in Compiled.Value)
        {
            for (var match = pattern.Match(written); match.Success; match = match.NextMatch())
            {
                if (place < match.Index || place > match.Index + match.Length
                    || !IsCode(line.Start + match.Index + match.Length - match.Value.TrimStart().Length))
                {
                    continue;
                }
                return hint.Contains("$1", StringComparison.Ordinal) ? match.Result(hint) : hint;
            }
        }

        return null;

        // Not inside a string and not part of a query.
        bool IsCode(int start) => tree.GetRoot(cancellation).FindToken(start) is var token
            && (token.SpanStart >= start || token.IsKind(SyntaxKind.BadToken) || !token.Span.Contains(start))
            && !token.IsKind(SyntaxKind.LetKeyword);
    }

    /// <summary>Returns the possible C# names for the name of a member in another language.</summary>
    public static IEnumerable<string> MembersFor(string name) =>
        MemberRows.Where(row => row.Names.Contains(name)).SelectMany(row => row.Here);
}
