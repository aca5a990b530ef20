using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using JupyterKernel.Compilation;
using JupyterKernel.Magics;
using JupyterKernel.NotebookFiles;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Conversion;

/// <summary>
/// Writes a notebook as a single-file program for <c>dotnet run program.cs</c>. Each cell begins with a <c>// %%</c> line, which editors
/// recognize. Using directives, packages and types are moved to where a program requires them, text that is not C# becomes a comment, and a
/// cell's last expression is written to the console. One instance per notebook.
/// Source: https://learn.microsoft.com/dotnet/core/sdk/file-based-apps,
/// Source: https://jupytext.readthedocs.io/en/latest/formats-scripts.html#the-percent-format
/// </summary>
/// <param name="warn">Receives a warning for everything that the program omits or that prevents it from compiling.</param>
internal sealed partial class ProgramWriter(Action<string> warn)
{
    private static readonly string[] OnlyInNotebooks =
        ["Plot", "Progress", "ProgressBar", "VegaLite", "Vega", "Plotly", "GeoJSON", "CSV", "JSON", "Formatter", "Kernel", "GetPassword",
        "CellCancellation", "ClearOutput", "clear_output", "DisplayTable"];

    private static readonly string[] Shimmed = ["display", "Display", "HTML", "Markdown", "Latex", "Javascript", "SVG", "GetInput"];

    private static readonly SyntaxKind[] Access = [SyntaxKind.PublicKeyword, SyntaxKind.PrivateKeyword, SyntaxKind.ProtectedKeyword,
        SyntaxKind.InternalKeyword, SyntaxKind.ReadOnlyKeyword];

    /// <summary>The diagnostics that are expected in a cell: a last expression without a semicolon, and a namespace.</summary>
    private static readonly string[] Harmless = ["CS1002", "CS7021"];

    private readonly List<string> directives = [.. ProgramText.OwnDirectives];
    private readonly List<string> usings = [.. ProgramText.OwnUsings];
    private readonly StringBuilder body = new();
    private readonly StringBuilder types = new();
    private readonly Dictionary<string, int> declared = [];
    private readonly HashSet<string> warned = [];
    private bool needsShim;

    /// <summary>Writes the program.</summary>
    public string Write(NotebookFile notebook)
    {
        var number = 0;
        foreach (var cell in notebook.Cells)
        {
            var source = cell.Source.ReplaceLineEndings("\n").Trim('\n').TrimEnd();
            if (source.Length == 0) continue;
            number++;
            if (!cell.IsCode) Append(cell.IsMarkdown ? CellLanguage.Markdown.Name : ProgramText.Raw, Commented(source));
            else if (CellLanguage.Find(notebook.LanguageOf(cell)) != CellLanguage.CSharp)
            {
                Append(notebook.LanguageOf(cell), Commented(source));
            }
            else if (CSharp(source, number) is { } code) Append(null, code);
            else number--;
        }

        if (needsShim) usings.Add(ProgramText.ShimUsing);
        var text = new StringBuilder().AppendJoin('\n', directives).Append('\n').AppendJoin('\n', usings).Append('\n').Append(body)
            .Append(types);
        if (needsShim) text.Append('\n').Append(ProgramText.Shim);
        return text.ToString();

        void Append(string? kind, string text) => body.Append('\n').Append(ProgramText.Mark).Append(kind is null ? "" : $" [{kind}]")
            .Append('\n').Append(text).Append('\n');
    }

    private static string Commented(string text) =>
        string.Join('\n', text.Split('\n').Select(line => line.Length > 0 ? "// " + line : "//"));

    /// <summary>
    /// Converts a cell: comments out magics and moves code that is not valid in this place; returns null if nothing is left.
    /// </summary>
    private string? CSharp(string source, int number)
    {
        var text = WithoutDirectives(WithMagicsCommented(source), number);
        if (Nesting.IsTooDeep(text)) return text;
        var root = CSharpSyntaxTree.ParseText(text, CellCompiler.ParseOptions).GetCompilationUnitRoot();
        if (root.GetDiagnostics()
            .FirstOrDefault(error => error.Severity == DiagnosticSeverity.Error && !Harmless.Contains(error.Id)) is { } broken)
        {
            warn($"Cell {number} is not valid C# ({broken.GetMessage(CultureInfo.InvariantCulture)}) and was written as a comment.");
            return Commented(text);
        }

        var changes = new List<TextChange>();
        foreach (var directive in root.Usings)
        {
            if (!usings.Contains(directive.ToString())) usings.Add(directive.ToString());
            changes.Add(new(LineOf(directive), ""));
        }

        var moved = new StringBuilder();
        foreach (var member in root.Members)
        {
            switch (member)
            {
                case BaseTypeDeclarationSyntax or DelegateDeclarationSyntax or BaseNamespaceDeclarationSyntax:
                    moved.Append(member.ToFullString().Trim('\n', ' ')).Append('\n');
                    changes.Add(new(member.FullSpan, ""));
                    Declare((member as BaseTypeDeclarationSyntax)?.Identifier.ValueText, number);
                    break;
                case MethodDeclarationSyntax { ParameterList.Parameters: [var first, ..] } extension
                    when first.Modifiers.Any(SyntaxKind.ThisKeyword):
                    var modifiers = extension.Modifiers
                        .Where(modifier => !Access.Contains(modifier.Kind()) && !modifier.IsKind(SyntaxKind.StaticKeyword));
                    var method = extension.WithModifiers(SyntaxFactory.TokenList(modifiers)).ToString();
                    moved.Append(CultureInfo.InvariantCulture,
                        $"static class ExtensionsOfCell{number}_{extension.SpanStart}\n{{\n    internal static {method}\n}}\n");
                    changes.Add(new(member.FullSpan, ""));
                    break;
                case MethodDeclarationSyntax or FieldDeclarationSyntax:
                    changes.AddRange(member.Modifiers.Where(modifier => Access.Contains(modifier.Kind()))
                        .Select(modifier => new TextChange(modifier.FullSpan, modifier.LeadingTrivia.ToFullString())));
                    Declare((member as MethodDeclarationSyntax)?.Identifier.ValueText, number);
                    foreach (var variable in (member as FieldDeclarationSyntax)?.Declaration.Variables ?? [])
                    {
                        Declare(variable.Identifier.ValueText, number);
                    }
                    break;
                case GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true,
                    Expression: { } value } } when member == root.Members[^1]:
                    needsShim = true;
                    var awaits = value.DescendantNodesAndSelf(node => node is not AnonymousFunctionExpressionSyntax)
                        .OfType<AwaitExpressionSyntax>().Any();
                    changes.Add(new(value.Span, awaits ? $"{ProgramText.ShowAwaited}{value});" : $"{ProgramText.Show}{value});"));
                    break;
                case GlobalStatementSyntax or IncompleteMemberSyntax:
                    break;
                default:
                    var kind = member.Kind().ToString().Replace("Declaration", "", StringComparison.Ordinal).ToLowerInvariant();
                    warn($"Cell {number} declares {(kind[0] is 'e' or 'i' or 'o' ? "an" : "a")} {kind} outside a type, which a program "
                        + "does not allow.");
                    break;
            }
        }

        foreach (var name in root.DescendantNodes().OfType<SimpleNameSyntax>().Select(name => name.Identifier.ValueText))
        {
            if (Shimmed.Contains(name)) needsShim = true;
            if (OnlyInNotebooks.Contains(name) && warned.Add(name)) warn($"Cell {number} uses {name}, which exists only in notebooks.");
        }

        if (moved.Length > 0) types.Append(CultureInfo.InvariantCulture, $"\n{ProgramText.Mark} {ProgramText.TypesOf}{number}]\n{moved}");
        var left = SourceText.From(text).WithChanges(changes).ToString().Trim('\n').TrimEnd();
        return left.Length > 0 || moved.Length > 0 ? left : null;

        TextSpan LineOf(SyntaxNode directive) =>
            TextSpan.FromBounds(directive.SpanStart,
                directive.Span.End < text.Length && text[directive.Span.End] == '\n' ? directive.Span.End + 1 : directive.Span.End);
    }

    private void Declare(string? name, int number)
    {
        if (name is null) return;
        if (declared.TryGetValue(name, out var before) && before != number && warned.Add(name))
        {
            warn($"'{name}' is declared in cells {before} and {number}. A program can declare a name only once: rename one of them.");
        }
        declared.TryAdd(name, number);
    }

    private static string WithMagicsCommented(string source)
    {
        if (!CellBlocks.MayHave(source)) return source;
        var kept = CellBlocks.OnlyCSharp(source, MagicTable.Find).Split('\n');
        return string.Join('\n',
            source.Split('\n').Select((line, i) => line.Trim().Length > 0 && string.IsNullOrWhiteSpace(kept[i]) ? "// " + line : line));
    }

    /// <summary>Moves package, project and similar directives to the beginning of the program, in the syntax of programs.</summary>
    private string WithoutDirectives(string text, int number)
    {
        var blanked = PackageDirectives.Blank(text).Split('\n');
        var lines = new List<string>();
        foreach (var (i, line) in text.Split('\n').Index())
        {
            var isDirective = line.Trim().Length > 0 && string.IsNullOrWhiteSpace(blanked[i]);
            if (isDirective && Translated(line.Trim()) is { } translated)
            {
                if (!directives.Contains(translated)) directives.Add(translated);
            }
            else if (isDirective || Reference().IsMatch(line))
            {
                warn($"'{line.Trim()}' in cell {number} is not supported in a file-based app and was written as a comment.");
                lines.Add("// " + line);
            }
            else
            {
                lines.Add(line);
            }
        }

        return string.Join('\n', lines);
    }

    private static string? Translated(string line)
    {
        if (line.StartsWith("#:", StringComparison.Ordinal)) return line;
        if (Quoted().Match(line) is not { Success: true } quoted) return null;
        var (word, scheme, target) = (quoted.Groups["word"].Value, quoted.Groups["scheme"].Value, quoted.Groups["target"].Value.Trim());
        if (word == "i") return $"#:property RestoreAdditionalProjectSources={target}";
        if (scheme == "framework") return target == "Microsoft.AspNetCore.App" ? "#:sdk Microsoft.NET.Sdk.Web" : null;
        if (scheme.Length == 0) return $"#:project {target}";
        var parts = target.Split([',', '/'], 2);
        return $"#:package {parts[0].Trim()}@{(parts.Length > 1 && parts[1].Trim().Length > 0 ? parts[1].Trim() : "*")}";
    }

    [GeneratedRegex("""^#\s*(?<word>[ri])\s*"\s*((?<scheme>nuget|framework)\s*:)?(?<target>[^"]*)"\s*(//.*)?$""", RegexOptions.IgnoreCase)]
    private static partial Regex Quoted();

    [GeneratedRegex("""^\s*#\s*(r|load)\s*".*""")]
    private static partial Regex Reference();
}
