using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>The text of a cell in a form that a script can contain, and the variables to dispose of.</summary>
/// <param name="Text">The text to compile.</param>
/// <param name="Disposed">The variables declared with <c>using</c>, which are disposed of when the cell ends.</param>
internal sealed record ScriptForm(CellText Text, IReadOnlyList<UsingVariable> Disposed);

/// <summary>A variable declared with <c>using</c>.</summary>
/// <param name="Awaits">Whether it was declared with <c>await using</c>.</param>
internal sealed record UsingVariable(string Name, bool Awaits);

/// <summary>
/// Rewrites features of C# programs that Roslyn scripts do not support: <c>using</c> declarations, static classes with extension methods,
/// <c>file</c> types, a <c>Main</c> method, a <c>with</c> expression at the end, and locals that cannot be fields (spans, refs). Most cells
/// are not changed. Pure; any thread.
/// </summary>
internal static class ProgramForms
{
    /// <summary>
    /// The maximum number of start positions to try for an expression at the end. More than one is needed if the expression
    /// contains braces or semicolons.
    /// </summary>
    private const int MaxStarts = 8;

    private static readonly CSharpParseOptions Program = new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Regular);

    /// <summary>Returns the form of a cell as far as it follows from the text, without a compilation.</summary>
    /// <param name="code">The cell's text.</param>
    /// <param name="script">The syntax tree of the text, parsed as a script.</param>
    public static ScriptForm Of(string code, SyntaxTree script, CancellationToken cancellation)
    {
        var text = CellText.Of(code);
        var root = script.GetCompilationUnitRoot(cancellation);
        var program = new Lazy<CompilationUnitSyntax>(() => ParseProgram(code, cancellation));
        var edits = new List<Edit>();
        var disposed = new List<UsingVariable>();
        var hasLabels = root.Members.Any(member => member is GlobalStatementSyntax { Statement: LabeledStatementSyntax });
        if (root.ContainsDiagnostics || hasLabels)
        {
            foreach (var statement in program.Value.Members.OfType<GlobalStatementSyntax>().Select(member => member.Statement))
            {
                if (statement is LabeledStatementSyntax label) edits.AddRange(EndLabel(label));
                if (Unlabeled(statement) is not LocalDeclarationStatementSyntax local
                    || !local.UsingKeyword.IsKind(SyntaxKind.UsingKeyword))
                {
                    continue;
                }
                edits.Add(text.Blank(local.UsingKeyword.Span));
                var awaits = local.AwaitKeyword.IsKind(SyntaxKind.AwaitKeyword);
                if (awaits) edits.Add(text.Blank(local.AwaitKeyword.Span));
                disposed.AddRange(local.Declaration.Variables.Select(variable => new UsingVariable(variable.Identifier.ValueText, awaits)));
            }
        }

        if (code.Contains("await", StringComparison.Ordinal)) edits.AddRange(Awaits(root, program));

        // Without a semicolon, the parser may take the text before `with` for the declaration of a property.
        if (code.AsSpan().TrimEnd().EndsWith("}") && code.Contains("with", StringComparison.Ordinal)
            && TrailingWith(program.Value) is { } with)
            edits.AddRange([new(with.Start, 0, "("), new(with.End, 0, ")")]);

        foreach (var member in root.Members)
        {
            if (member is ClassDeclarationSyntax { TypeParameterList: null } type && type.Modifiers.Any(SyntaxKind.StaticKeyword))
                edits.AddRange(ExtensionMethods(type));
            if (member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax) edits.AddRange(Accessible(member));
        }

        return new(text.With(edits.Concat(RunMain(root))), disposed);
    }

    /// <summary>
    /// Resolves calls that are ambiguous because a method and the types of its parameters were redeclared: an argument without its
    /// own type (<c>new(…)</c>, <c>null</c>) also fits the old method. The call is redirected to a new method with the latest
    /// signature and another name.
    /// </summary>
    /// <returns>The text to try; empty if the calls are ambiguous for another reason.</returns>
    public static IEnumerable<ScriptForm> WithLatest(
        ScriptForm form, CSharpCompilation submission, SyntaxTree tree, IReadOnlyCollection<Diagnostic> errors,
        CancellationToken cancellation)
    {
        const string AmbiguousCall = "CS0121";
        var root = tree.GetCompilationUnitRoot(cancellation);
        var calls = errors.Where(error => error.Id == AmbiguousCall && error.Location.SourceTree == tree)
            .Select(error => root.FindToken(error.Location.SourceSpan.Start))
            .Where(token => token.IsKind(SyntaxKind.IdentifierToken)).Distinct().ToList();
        var edits = new List<Edit>();
        foreach (var named in calls.GroupBy(call => call.ValueText))
        {
            var declarations = SubmissionLink.Chain(submission)
                .Select(link => link.SyntaxTrees.SelectMany(text => text.GetCompilationUnitRoot(cancellation).Members)
                .OfType<MethodDeclarationSyntax>().Where(method => method.Identifier.ValueText == named.Key).ToList())
                .Where(methods => methods.Count > 0).ToList();

            // Overloads with different parameters are ambiguous in a program too.
            if (declarations is not [var latest, .. var older]
                || !older.SelectMany(methods => methods).Select(Signature).Intersect(latest.Select(Signature)).Any())
            {
                continue;
            }
            var name = named.Key + SubmissionLink.LatestSuffix;
            edits.AddRange(named.Select(call => new Edit(call.SpanStart, call.Span.Length, name)));
            var first = root.Members.First(member => member.Span.Contains(named.Min(call => call.SpanStart))).SpanStart;
            edits.Insert(0, new(first, 0, string.Concat(latest.Select(method =>
                Forwarder(method, name, named.Key, method.Modifiers.Any(SyntaxKind.StaticKeyword),
                    method.Modifiers.Any(SyntaxKind.UnsafeKeyword))))));
        }

        return edits.Count > 0 ? [form with { Text = form.Text.With(edits) }] : [];

        static string Signature(MethodDeclarationSyntax method) =>
            string.Join(", ", method.ParameterList.Parameters.Select(parameter => parameter.Type?.ToString()));
    }

    /// <summary>
    /// Moves variables that cannot be fields of a submission (a span, a ref) into a block, together with all statements from the
    /// declaration to the last use. Other variables declared there are declared before the block, so that later cells see them.
    /// </summary>
    /// <param name="form">The text, which did not compile.</param>
    /// <param name="submission">The compilation of the text.</param>
    /// <param name="tree">The syntax tree of the text in that compilation.</param>
    /// <param name="errors">The errors of the compilation.</param>
    /// <returns>The texts to try in turn.</returns>
    public static IEnumerable<ScriptForm> WithLocals(
        ScriptForm form, CSharpCompilation submission, SyntaxTree tree, IReadOnlyCollection<Diagnostic> errors,
        CancellationToken cancellation)
    {
        const string FieldOfRefStruct = "CS8345";

        // Without this, the parser takes a name at the end for an incomplete member.
        const string End = "\n;";
        var length = form.Text.Text.Length;
        var statements = ParseProgram(form.Text.Text + End, cancellation).Members.OfType<GlobalStatementSyntax>()
            .Select(member => member.Statement).ToList();
        var places = errors.Where(error => error.Id == FieldOfRefStruct && error.Location.SourceTree == tree)
            .Select(error => error.Location.SourceSpan.Start).ToList();
        var locals = statements.Where(statement => statement is LocalDeclarationStatementSyntax local
            && (local.Declaration.Type is RefTypeSyntax or ScopedTypeSyntax || places.Any(place => local.Span.Contains(place)))).ToList();
        if (locals.Count == 0) yield break;

        var names = locals.SelectMany(Declared).ToHashSet();
        var first = statements.IndexOf(locals[0]);
        var last = statements.FindLastIndex(statement => locals.Contains(statement) || Uses(statement, names));
        while (statements[first..(last + 1)].SelectMany(Labels).ToHashSet() is { Count: > 0 } labels
            && statements.Where(statement => Labels(statement).Any(labels.Contains))
                .Select(statement => statements.IndexOf(statement)).ToList() is var jumps
            && (jumps[0] < first || jumps[^1] > last))
        {
            (first, last) = (Math.Min(first, jumps[0]), Math.Max(last, jumps[^1]));
        }

        // The parser for scripts does not support a top-level ref, so the types of variables are queried without it.
        var refs = locals.Cast<LocalDeclarationStatementSyntax>().SelectMany(local => local.DescendantNodes().Select(node => node switch
        {
            RefTypeSyntax type when local.Declaration.Type.Span.Contains(type.Span) =>
                TextSpan.FromBounds(type.SpanStart, type.Type.SpanStart),
            RefExpressionSyntax { Parent.Parent: VariableDeclaratorSyntax } value => value.RefKeyword.Span,
            _ => default,
        })).Where(span => !span.IsEmpty).ToList();
        if (refs.Count > 0)
        {
            var plain = CSharpSyntaxTree.ParseText(form.Text.With(refs.Select(form.Text.Blank)).Text, (CSharpParseOptions)tree.Options,
                tree.FilePath, cancellationToken: cancellation);
            (submission, tree) = (submission.ReplaceSyntaxTree(tree, plain), plain);
        }

        var region = statements[first..(last + 1)];
        var edits = new List<Edit>();
        var declarations = new System.Text.StringBuilder();
        foreach (var local in region.OfType<LocalDeclarationStatementSyntax>().Except(locals).Cast<LocalDeclarationStatementSyntax>())
        {
            if (local.IsConst)
            {
                if (local.ToString().Contains('\n', StringComparison.Ordinal)) continue;
                declarations.Append(local).Append(' ');
                edits.Add(form.Text.Blank(local.Span));
                continue;
            }

            var types = local.Declaration.Variables.Select(variable => Declaration(variable.Identifier)).ToList();
            if (types.Contains(null))
            {
                names.UnionWith(Declared(local));
                continue;
            }

            declarations.AppendJoin("", types);
            if (local.Declaration.Variables.All(variable => variable.Initializer is null))
            {
                edits.Add(form.Text.Blank(TextSpan.FromBounds(local.SpanStart, local.SemicolonToken.SpanStart)));
                continue;
            }

            edits.Add(form.Text.Blank(local.Declaration.Type.Span));
            edits.AddRange(
                local.Declaration.Variables.GetSeparators().Select(separator => new Edit(separator.SpanStart, separator.Span.Length, ";")));
            edits.AddRange(local.Declaration.Variables.Where(variable => variable.Initializer?.Value is InitializerExpressionSyntax)
                .Select(variable => new Edit(variable.Initializer!.Value.SpanStart, 0, $"new {TypeOf(variable.Identifier)} ")));
        }

        edits.AddRange(region.SelectMany(statement => Designations(statement, variable =>
        {
            if (Declaration(variable) is not { } declaration) return false;
            declarations.Append(declaration);
            return true;
        }, form.Text)));

        // A function becomes a method of the script, which later cells can also use; it keeps its line numbers.
        var functions = new System.Text.StringBuilder();
        foreach (var function in region.OfType<LocalFunctionStatementSyntax>().Where(function => !Uses(function, names)))
        {
            functions.Append(CultureInfo.InvariantCulture, $"\n#line {LineOf(function.Span)}\n{function}");
            edits.Add(form.Text.Blank(function.Span));
        }

        if (functions.Length > 0) functions.Append(CultureInfo.InvariantCulture, $"\n#line {LineOf(region[0].Span)}\n");

        // A `using` declaration among the locals is restored, because the block disposes of the variable.
        var disposed = form.Disposed.Where(variable => !names.Contains(variable.Name)).ToList();
        edits.Insert(0, new(region[0].SpanStart, 0, $"{functions}{declarations}{{ "));
        foreach (var local in locals.Where(local => Declared(local).Any(name => form.Disposed.Any(variable => variable.Name == name))))
            edits.Add(new(local.SpanStart, 0, "using "));

        var isValue = region[^1].Span.End > length
            && !SyntaxFactory.ParseExpression(form.Text.Text[region[^1].SpanStart..]).ContainsDiagnostics;
        var end = Math.Min(region[^1].Span.End, length);
        if (isValue) yield return new(form.Text.With([.. edits, new(region[^1].SpanStart, 0, "return "), new(end, 0, "\n; }")]), disposed);
        yield return new(form.Text.With([.. edits, new(end, 0, isValue ? "\n; }" : " }")]), disposed);

        int LineOf(TextSpan span) => tree.GetMappedLineSpan(span, cancellation).StartLinePosition.Line + 1;

        string? Declaration(SyntaxToken variable)
        {
            if (TypeOf(variable) is { } type) return $"{type} {variable.Text} = default!; ";
            return FieldOf(variable) is { IsAnonymousType: true } unnamed
                && CellDeclarations.Variable(variable.ValueText, unnamed) is var example
                && !example.Contains('\n', StringComparison.Ordinal)
                ? example + " "
                : null;
        }

        string? TypeOf(SyntaxToken variable) => FieldOf(variable) is not { IsRefLikeType: false, IsAnonymousType: false } type
            || type is IErrorTypeSymbol
            ? null
            : type.ToMinimalDisplayString(submission.GetSemanticModel(tree), 0);

        ITypeSymbol? FieldOf(SyntaxToken variable) => submission.ScriptClass!.GetMembers(variable.ValueText).OfType<IFieldSymbol>()
            .FirstOrDefault(field => field.Locations.Any(place => place.SourceSpan.Start == variable.SpanStart))?.Type;

        static IEnumerable<string> Labels(StatementSyntax statement) => statement.DescendantNodesAndSelf().Select(node => node switch
        {
            LabeledStatementSyntax label => label.Identifier.ValueText,
            GotoStatementSyntax { Expression: IdentifierNameSyntax label, CaseOrDefaultKeyword.RawKind: 0 } => label.Identifier.ValueText,
            _ => "",
        }).Where(name => name.Length > 0);
    }

    /// <summary>
    /// Makes a statement set variables that are declared before it, instead of declaring them with <c>out</c>, by
    /// deconstruction or in a pattern.
    /// </summary>
    /// <param name="declare">Declares a variable before the statement; returns false if the statement keeps the declaration.</param>
    private static IEnumerable<Edit> Designations(StatementSyntax statement, Func<SyntaxToken, bool> declare, CellText text)
    {
        const string PatternSuffix = "__matched";
        var variables = statement.DescendantNodes().OfType<SingleVariableDesignationSyntax>()
            .Where(variable => declare(variable.Identifier)).ToHashSet();
        foreach (var whole in variables.Select(variable => variable.FirstAncestorOrSelf<ExpressionSyntax>()!).Distinct())
        {
            var own = whole.DescendantNodes().OfType<SingleVariableDesignationSyntax>().ToLookup(variables.Contains);
            switch (whole)
            {
                case DeclarationExpressionSyntax declaration:
                    yield return text.Blank(declaration.Type.Span);
                    foreach (var other in own[false]) yield return new(other.SpanStart, 0, "var ");
                    break;
                case IsPatternExpressionSyntax match:
                    // A pattern can only declare a variable, so the outer variable is assigned from it when the pattern matches.
                    var isNegated = match.Pattern is UnaryPatternSyntax;
                    var matched = variables.Where(variable => variable.FirstAncestorOrSelf<ExpressionSyntax>() == match)
                        .Select(variable => variable.Identifier).ToList();
                    yield return new(match.SpanStart, 0, "(");
                    foreach (var name in matched) yield return new(name.Span.End, 0, PatternSuffix);
                    yield return new(match.Span.End, 0, string.Concat(matched.Select(name =>
                        isNegated ? $" || !(({name.Text} = {name.Text}{PatternSuffix}) is var _)"
                        : $" && ({name.Text} = {name.Text}{PatternSuffix}) is var _")) + ")");
                    break;
            }
        }
    }

    /// <summary>
    /// Makes a top-level type public. In a program it is accessible everywhere, but here it is nested in a class; serializers and similar
    /// libraries expect it to be public.
    /// </summary>
    public static IEnumerable<Edit> Accessible(MemberDeclarationSyntax type)
    {
        var access = type.Modifiers.Where(modifier => SyntaxFacts.IsAccessibilityModifier(modifier.Kind())).ToList();
        if (type.Modifiers.FirstOrDefault(modifier => modifier.IsKind(SyntaxKind.FileKeyword)) is { RawKind: not 0 } file)
            yield return new(file.SpanStart, file.Span.Length, "public");
        else if (access is [{ RawKind: (int)SyntaxKind.InternalKeyword } inner])
            yield return new(inner.SpanStart, inner.Span.Length, "public  ");
        else if (access.Count == 0)
            yield return new(type.ChildNodesAndTokens().First(child => !child.IsKind(SyntaxKind.AttributeList)).SpanStart, 0, "public ");
    }

    /// <summary>
    /// Makes a label a separate statement, so that a declaration after it belongs to the script: the binder for scripts does not support a
    /// local variable or function after a label.
    /// </summary>
    private static IEnumerable<Edit> EndLabel(LabeledStatementSyntax label)
    {
        while (label.Statement is LabeledStatementSyntax next) label = next;
        if (label.Statement is not EmptyStatementSyntax && !label.Statement.GetFirstToken(includeZeroWidth: true).IsMissing)
            yield return new(label.ColonToken.Span.End, 0, ";");
    }

    private static StatementSyntax Unlabeled(StatementSyntax statement)
    {
        while (statement is LabeledStatementSyntax label) statement = label.Statement;
        return statement;
    }

    /// <summary>
    /// Rewrites <c>await (…)</c>, which the parser takes for a call of a method named <c>await</c> at the top level of a script. The
    /// operand is put into an array and read from it, which changes neither its type nor its overflow checks.
    /// Source: https://github.com/dotnet/roslyn/issues/47411
    /// </summary>
    private static IEnumerable<Edit> Awaits(CompilationUnitSyntax script, Lazy<CompilationUnitSyntax> program)
    {
        if (!script.DescendantTokens().Any(token => token.IsKind(SyntaxKind.IdentifierToken) && token.Text == "await")) yield break;
        foreach (var expression in program.Value.DescendantNodes().OfType<AwaitExpressionSyntax>())
        {
            if (script.FindToken(expression.AwaitKeyword.SpanStart).IsKind(SyntaxKind.AwaitKeyword) || expression.Expression.IsMissing)
                continue;
            yield return new(expression.Expression.SpanStart, 0, " new[]{");
            yield return new(expression.Expression.Span.End, 0, "}[0]");
        }
    }

    /// <summary>
    /// Returns a name that the parser takes for the keyword of a declaration, if the text parses with an <c>@</c> before
    /// the name; otherwise null.
    /// </summary>
    /// <param name="tree">The syntax tree of a text that does not parse.</param>
    public static SyntaxToken? KeywordAsName(SyntaxTree tree, CancellationToken cancellation)
    {
        var root = tree.GetCompilationUnitRoot(cancellation);
        var text = CellText.Of(tree.ToString());
        if (tree.GetDiagnostics(cancellation)
            .FirstOrDefault(problem => problem.Severity == DiagnosticSeverity.Error)?.Location.SourceSpan.End is not { } error)
        {
            return null;
        }
        var beginnings = root.DescendantTokens()
            .Where(token => SyntaxFacts.GetContextualKeywordKind(token.Text) != SyntaxKind.None && token.SpanStart <= error
                && token.GetPreviousToken().Kind() is SyntaxKind.None or SyntaxKind.SemicolonToken or SyntaxKind.OpenBraceToken
                    or SyntaxKind.CloseBraceToken or SyntaxKind.CloseParenToken
                    or SyntaxKind.ColonToken or SyntaxKind.ElseKeyword or SyntaxKind.DoKeyword);
        foreach (var same in beginnings.GroupBy(token => token.Text).TakeLast(MaxStarts))
        {
            // Later occurrences would cause the next errors.
            var all = root.DescendantTokens().Where(token => token.Text == same.Key
                && text.Text.AsSpan(token.Span.End).TrimStart() is var next
                && !(next.Length > 0 && (char.IsLetter(next[0]) || next[0] is '_' or '@')));
            var escaped = CSharpSyntaxTree.ParseText(text.With(all.Select(token => new Edit(token.SpanStart, 0, "@"))).Text,
                (CSharpParseOptions)tree.Options, cancellationToken: cancellation);
            if (!escaped.GetDiagnostics(cancellation).Any(problem => problem.Severity == DiagnosticSeverity.Error)) return same.Last();
        }

        return null;
    }

    private static CompilationUnitSyntax ParseProgram(string code, CancellationToken cancellation) =>
        CSharpSyntaxTree.ParseText(code, Program, cancellationToken: cancellation).GetCompilationUnitRoot(cancellation);

    private static IEnumerable<string> Declared(StatementSyntax statement) =>
        statement is LocalDeclarationStatementSyntax local
        ? local.Declaration.Variables.Select(variable => variable.Identifier.ValueText) : [];

    private static bool Uses(SyntaxNode node, HashSet<string> names) =>
        node.DescendantTokens().Any(token => token.IsKind(SyntaxKind.IdentifierToken) && names.Contains(token.ValueText));

    /// <summary>
    /// Makes the extension methods of a class available in the submission. They require a class that is not nested, but classes of a script
    /// are nested in the submission, which can itself have extension methods. So each method is also declared in the submission, where it
    /// calls the method of the class.
    /// </summary>
    private static IEnumerable<Edit> ExtensionMethods(ClassDeclarationSyntax type)
    {
        var forwarders = new System.Text.StringBuilder();
        foreach (var method in type.Members.OfType<MethodDeclarationSyntax>())
        {
            if (method.ParameterList.Parameters.FirstOrDefault() is not { } receiver
                || receiver.Modifiers.FirstOrDefault(modifier => modifier.IsKind(SyntaxKind.ThisKeyword)) is not { RawKind: not 0 } keyword)
            {
                continue;
            }
            yield return new(keyword.SpanStart, keyword.Span.Length, "    ");
            var access = method.Modifiers.Where(modifier =>
                modifier.Kind() is SyntaxKind.PublicKeyword or SyntaxKind.InternalKeyword or SyntaxKind.PrivateKeyword).ToList();
            if (access.Count == 0)
                yield return new(method.Modifiers.Count > 0 ? method.Modifiers[0].SpanStart : method.ReturnType.SpanStart, 0, "internal ");
            else if (access is [{ RawKind: (int)SyntaxKind.PrivateKeyword } hidden])
                yield return new(hidden.SpanStart, hidden.Span.Length, "internal");

            var isUnsafe = method.Modifiers.Any(SyntaxKind.UnsafeKeyword) || type.Modifiers.Any(SyntaxKind.UnsafeKeyword);
            forwarders.Append(
                Forwarder(method, method.Identifier.Text, $"{type.Identifier.Text}.{method.Identifier.Text}", isStatic: true, isUnsafe));
        }

        if (forwarders.Length > 0) yield return new(type.SpanStart, 0, forwarders.ToString());
    }

    /// <summary>Returns a method on one line that calls another method of the same signature and is hidden in stack traces.</summary>
    private static string Forwarder(MethodDeclarationSyntax method, string name, string target, bool isStatic, bool isUnsafe)
    {
        var typeArguments = method.TypeParameterList is { } parameters
            ? $"<{string.Join(", ", parameters.Parameters.Select(parameter => parameter.Identifier.Text))}>" : "";
        var returnsRef = method.ReturnType is RefTypeSyntax ? "ref " : "";
        var arguments = string.Join(", ",
            method.ParameterList.Parameters.Select(parameter => Modifier(parameter) + parameter.Identifier.Text));
        return "[global::System.Diagnostics.StackTraceHidden] "
            + $"{(isUnsafe ? "unsafe " : "")}{(isStatic ? "static " : "")}{OneLine(method.ReturnType)} "
            + $"{name}{OneLine(method.TypeParameterList)}{OneLine(method.ParameterList)}"
            + $"{string.Concat(method.ConstraintClauses.Select(clause => " " + OneLine(clause)))} => "
            + $"{returnsRef}{target}{typeArguments}({arguments}); ";

        static string Modifier(ParameterSyntax parameter) =>
            parameter.Modifiers.FirstOrDefault(modifier =>
                modifier.Kind() is SyntaxKind.RefKeyword or SyntaxKind.OutKeyword or SyntaxKind.InKeyword) switch
        {
            { RawKind: (int)SyntaxKind.RefKeyword } when parameter.Modifiers.Any(SyntaxKind.ReadOnlyKeyword) => "in ",
            { RawKind: not 0 } modifier => modifier.Text + " ",
            _ => "",
        };

        static string OneLine(SyntaxNode? node) => node is null ? "" : node.WithoutTrivia().NormalizeWhitespace("", " ").ToString();
    }

    /// <summary>Runs the <c>Main</c> method of a cell that is a whole program.</summary>
    private static List<Edit> RunMain(CompilationUnitSyntax root)
    {
        if (root.Members.Count == 0 || !root.Members.All(IsDeclaration)) return [];
        var entries = root.DescendantNodes(node => node is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax or TypeDeclarationSyntax)
            .OfType<MethodDeclarationSyntax>().Where(IsMain).ToList();
        if (entries is not [{ Parent: TypeDeclarationSyntax
            {
                Parent: CompilationUnitSyntax or BaseNamespaceDeclarationSyntax,
                TypeParameterList: null,
            } type } main])
        {
            return [];
        }

        var edits = new List<Edit>();
        var access = main.Modifiers.FirstOrDefault(modifier =>
            modifier.Kind() is SyntaxKind.PrivateKeyword or SyntaxKind.ProtectedKeyword or SyntaxKind.InternalKeyword);
        if (access.RawKind != 0) edits.Add(new(access.SpanStart, access.Span.Length, "public"));
        else if (!main.Modifiers.Any(SyntaxKind.PublicKeyword)) edits.Add(new(main.Modifiers[0].SpanStart, 0, "public "));
        var space = string.Concat(type.Ancestors().OfType<BaseNamespaceDeclarationSyntax>().Reverse().Select(space => space.Name + "."));
        var waits = main.ReturnType is PredefinedTypeSyntax ? "" : "await ";
        var arguments = main.ParameterList.Parameters.Count == 0 ? "" : "new string[0]";

        // A file-scoped namespace extends to the end of the file, so the call is placed before it.
        var call = $"{waits}{space}{type.Identifier.Text}.Main({arguments});";
        edits.Add(root.Members is [FileScopedNamespaceDeclarationSyntax first] ? new(first.SpanStart, 0, call + " ")
            : new(root.EndOfFileToken.SpanStart, 0, $"\n#line hidden\n{call}"));
        return edits;

        static bool IsDeclaration(MemberDeclarationSyntax member) =>
            member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax or BaseNamespaceDeclarationSyntax;
    }

    private static bool IsMain(MethodDeclarationSyntax method) =>
        method.Identifier.ValueText == "Main" && method.Modifiers.Any(SyntaxKind.StaticKeyword) && method.TypeParameterList is null
        && (method.ParameterList.Parameters is []
            or [{ Type: ArrayTypeSyntax { ElementType: PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.StringKeyword } } }])
        && method.ReturnType.ToString() is "void" or "int" or "Task" or "Task<int>" or "System.Threading.Tasks.Task"
            or "System.Threading.Tasks.Task<int>";

    /// <summary>
    /// Finds an expression at the end of a cell that ends with <c>with { … }</c>. Without a semicolon, the parser takes its
    /// beginning for a declaration.
    /// </summary>
    private static TextSpan? TrailingWith(CompilationUnitSyntax program)
    {
        var tokens = program.DescendantTokens().Where(token => token.Span.Length > 0).ToList();
        if (tokens.Count == 0 || !tokens[^1].IsKind(SyntaxKind.CloseBraceToken)) return null;
        var index = tokens.Count - 1;
        for (var depth = 0; index >= 0; index--)
        {
            if (tokens[index].IsKind(SyntaxKind.CloseBraceToken)) depth++;
            else if (tokens[index].IsKind(SyntaxKind.OpenBraceToken) && --depth == 0) break;
        }

        if (index < 2 || tokens[index - 1].ValueText != "with") return null;
        var end = tokens[^1].Span.End;
        var text = program.SyntaxTree.GetText();
        var starts = Enumerable.Range(0, index - 1).Reverse()
            .Where(start => start == 0 || tokens[start - 1].Kind() is SyntaxKind.SemicolonToken or SyntaxKind.CloseBraceToken);
        foreach (var start in starts.Take(MaxStarts))
        {
            var span = TextSpan.FromBounds(tokens[start].SpanStart, end);
            var expression = SyntaxFactory.ParseExpression(text.ToString(span));
            if (expression is WithExpressionSyntax && !expression.ContainsDiagnostics && expression.FullSpan.Length == span.Length)
                return span;
        }

        return null;
    }
}
