using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Suggests corrections for names that do not exist: a <c>using</c>, a package, or a name with a similar spelling. Also distinguishes two
/// types of the same name. Pure; compilation thread.
/// </summary>
internal static class Suggestions
{
    private const int MaxNameLength = 60;
    private const int NamespacesShown = 3;

    /// <summary>Returns the suggestion to show below an error; null if there is none.</summary>
    /// <param name="error">An error in the submission's tree.</param>
    /// <param name="usings">The imported namespaces.</param>
    public static string? For(Diagnostic error, CSharpCompilation submission, IReadOnlySet<string> usings, CancellationToken cancellation)
    {
        if (error.Location.SourceTree is not { } tree) return null;
        var node = tree.GetRoot(cancellation).FindNode(error.Location.SourceSpan, getInnermostNodeForTie: true);
        if (error.Id is "CS0246" or "CS0234" && node.FirstAncestorOrSelf<UsingDirectiveSyntax>()?.Name?.ToString() is { } space)
            return PackageHints.ForNamespace(space);
        return error.Id switch
        {
            // A name or a type that does not exist in this context.
            "CS0103" or "CS0246" when NameIn(node) is { } name =>
                Declared(submission, cancellation)
                    .FirstOrDefault(declared => declared != name && declared.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } other
                ? $"Did you mean '{other}'?"
                : ForeignCode.HintFor(error, tree, cancellation) ?? OfNotebook(node, name, submission) ?? OfMath(node, name)
                ?? Using(FrameworkIndex.NamespacesOfType(name), usings) ?? PackageHints.ForType(name)
                ?? Nearest(name, Declared(submission, cancellation).Concat(FrameworkIndex.TypesIn(usings)).Concat(Display(submission)))
                ?? Undeclared(node, name),

            // No member and no extension method of this name.
            "CS1061" or "CS0117" when NameIn(node) is { } name =>
                Awaits.Hint(error, node, submission, cancellation)
                ?? ForeignMember(name, Members(node, submission, cancellation))
                ?? (error.Id == "CS1061" ? Using(FrameworkIndex.NamespacesOfExtension(name), usings) : null)
                ?? Nearest(name, Members(node, submission, cancellation)),

            // IPython's Math("…").
            "CS1955" when NameIn(node) is nameof(Math) => "Math is the class of mathematical functions. For a formula: Latex(@\"$…$\")",

            // An #r directive whose file does not exist.
            "CS0006" => PackageHints.ForMissingFile(error.GetMessage(System.Globalization.CultureInfo.InvariantCulture).Split('\'')[1]),

            // The address of a movable variable.
            "CS0212" =>
                "The garbage collector may move this variable. Take its address in a fixed statement: fixed (int* p = &x) { … }",

            // An alias that no reference has.
            "CS0430" when node is ExternAliasDirectiveSyntax { Identifier.ValueText: var name } =>
                $"Assign the alias to a file: #r \"{name}=file.dll\"",

            // An unknown alias.
            "CS0432" when NameIn(node) is { } name =>
                $"If {name} is the alias of a reference, begin the cell with: extern alias {name};",

            // An operator that other languages have.
            "CS0193" => ForeignCode.HintFor(error, tree, cancellation),

            // A missing conversion: of a task, of a span, of an assignment meant as a comparison, or between types of the same name.
            "CS0029" or "CS0266" or "CS1503" or "CS0030" =>
                Awaits.Hint(error, node, submission, cancellation) ?? OfSpan(node, submission, cancellation) ?? Compared(node)
                    ?? Thrown(node) ?? Namesake(error, node, submission, cancellation),

            // An operation that a task does not support: an operator, an indexer, enumeration.
            "CS0019" or "CS0021" or "CS0023" or "CS0411" or "CS1579" or "CS1929" or "CS8129" or "CS8130" or "CS8414" =>
                Awaits.Hint(error, node, submission, cancellation),

            // A collection expression or an initializer of a variable without a type.
            "CS9176" or "CS0820" => Untyped(node, submission, cancellation),

            // A cell's variable in a static context, which has no cell object.
            "CS0120" when submission.GetSemanticModel(tree).GetSymbolInfo(node, cancellation) is var found
                && (found.Symbol ?? found.CandidateSymbols.FirstOrDefault())?.ContainingType is { IsScriptClass: true } =>
                "Constants and static code cannot use top-level variables. Pass the value as an argument, or remove static or const.",
            _ => null,
        };
    }

    /// <summary>Returns the suggestion for the first error in a text that does not parse; null if there is none.</summary>
    /// <param name="explainsAll">Whether the later errors follow from the first, because the text is in another language.</param>
    public static string? ForSyntax(Diagnostic error, SyntaxTree tree, CancellationToken cancellation, out bool explainsAll)
    {
        var hint = ForeignCode.HintFor(error, tree, cancellation);
        explainsAll = hint is not null;
        return hint
            ?? (IsUnended(error, tree, cancellation)
                ? "A statement ends with a semicolon; only the last expression of a cell needs none." : null);
    }

    /// <summary>Whether the error is a missing semicolon at the end of a line.</summary>
    private static bool IsUnended(Diagnostic error, SyntaxTree tree, CancellationToken cancellation)
    {
        if (error.Id != "CS1002") return false;
        var text = tree.GetText(cancellation);
        var line = text.Lines.GetLineFromPosition(error.Location.SourceSpan.Start);
        return string.IsNullOrWhiteSpace(
            text.ToString(Microsoft.CodeAnalysis.Text.TextSpan.FromBounds(error.Location.SourceSpan.Start, line.End)).Split("//")[0]);
    }

    /// <summary>Suggests a method of the display API that is spelled with other capitals or called like a class.</summary>
    private static string? OfNotebook(SyntaxNode node, string name, CSharpCompilation submission) =>
        Display(submission).FirstOrDefault(method => method.Equals(name, StringComparison.OrdinalIgnoreCase)) is not { } method ? null
        : node.Parent is ObjectCreationExpressionSyntax ? $"It is a method. Write it without new: {method}(…)"
        : method != name ? $"Did you mean '{method}'?" : null;

    private static IEnumerable<string> Display(CSharpCompilation submission) =>
        submission.GetTypeByMetadataName("JupyterKernel.Display.Notebook")?.GetMembers().OfType<IMethodSymbol>()
            .Where(method => method.DeclaredAccessibility == Accessibility.Public).Select(method => method.Name) ?? [];

    /// <summary>Suggests the Math class for a function that other languages provide without a class: <c>sqrt(2)</c>.</summary>
    private static string? OfMath(SyntaxNode node, string name) =>
        node.Parent is InvocationExpressionSyntax call && call.Expression == node
        && typeof(Math).GetMethods()
            .FirstOrDefault(method => method.IsStatic && method.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } method
            ? $"Did you mean 'Math.{method.Name}'?"
            : null;

    /// <summary>Suggests a declaration for an unknown name on the left of a <c>=</c>.</summary>
    private static string? Undeclared(SyntaxNode node, string name) =>
        node.Parent is AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression } assignment
            && assignment.Left == node
        && assignment.Parent is ExpressionStatementSyntax or ForStatementSyntax
            ? $"Is it a new variable? var {name} = …"
            : null;

    private static string? ForeignMember(string name, IEnumerable<string> members)
    {
        var known = ForeignCode.MembersFor(name).ToList();
        return known.Count > 0 && known.Find(members.ToHashSet().Contains) is { } member ? $"Did you mean '{member}'?" : null;
    }

    /// <summary>Suggests an alternative for a span, which can be neither displayed nor boxed.</summary>
    private static string? OfSpan(SyntaxNode node, CSharpCompilation submission, CancellationToken cancellation)
    {
        var expression = (node as ArgumentSyntax)?.Expression ?? node as ExpressionSyntax;
        return expression is not null
            && submission.GetSemanticModel(node.SyntaxTree).GetTypeInfo(expression, cancellation).Type is { IsRefLikeType: true } type
            ? $"A {type.Name} can only be held by a local variable. To show or keep what it refers to, copy it: "
                + $"{expression}.{(type.ToDisplayString() == "System.ReadOnlySpan<char>" ? "ToString" : "ToArray")}()"
            : null;
    }

    /// <summary>Suggests a comparison for a condition that contains an assignment.</summary>
    private static string? Compared(SyntaxNode node) =>
        node is AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression,
            Parent: IfStatementSyntax or WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or ConditionalExpressionSyntax
                or BinaryExpressionSyntax } assignment
            ? $"= assigns; to compare, write {assignment.Left} == {assignment.Right}"
            : null;

    private static string? Thrown(SyntaxNode node) =>
        node is LiteralExpressionSyntax { Parent: ThrowStatementSyntax or ThrowExpressionSyntax } text
        ? $"Throw an exception: throw new Exception({text})" : null;

    /// <summary>Suggests a type for a variable whose value has no type of its own.</summary>
    private static string? Untyped(SyntaxNode node, CSharpCompilation submission, CancellationToken cancellation)
    {
        if (node.FirstAncestorOrSelf<VariableDeclaratorSyntax>() is not { } variable) return null;
        var first = node.DescendantNodesAndSelf().OfType<CollectionExpressionSyntax>()
            .FirstOrDefault()?.Elements.OfType<ExpressionElementSyntax>().FirstOrDefault()?.Expression
            ?? node.DescendantNodesAndSelf().OfType<InitializerExpressionSyntax>().FirstOrDefault()?.Expressions.FirstOrDefault();
        var model = submission.GetSemanticModel(node.SyntaxTree);
        var type = first is null ? null : model.GetTypeInfo(first, cancellation).Type;
        return "The element type cannot be inferred. Declare it: "
            + $"{(type is null or IErrorTypeSymbol ? "int" : type.ToMinimalDisplayString(model, node.SpanStart))}[] "
            + $"{variable.Identifier.ValueText} = …";
    }

    /// <summary>States which of two types of the same name is the older one: that of the value or that of the target.</summary>
    private static string? Namesake(Diagnostic error, SyntaxNode node, CSharpCompilation submission, CancellationToken cancellation)
    {
        var quoted = error.GetMessage(System.Globalization.CultureInfo.InvariantCulture).Split('\'').Where((_, i) => i % 2 == 1).ToList();
        var names = quoted.Select(type => type[(type.LastIndexOf('.') + 1)..].Split(' ')[0].TrimEnd('>', '?', '[', ']', ',')).ToList();
        if (names.Count < 2 || names[^1] != names[^2] || names[^1] is not { Length: > 0 } name || name.StartsWith('<')) return null;

        var latest = SubmissionLink.Chain(submission).FirstOrDefault(link => link.ScriptClass!.GetTypeMembers(name).Length > 0);
        var value = (node as ArgumentSyntax)?.Expression ?? node.FirstAncestorOrSelf<ExpressionSyntax>();
        if (latest is null || value is null || !Uses(submission.GetSemanticModel(value.SyntaxTree).GetTypeInfo(value, cancellation).Type))
            return $"{name} was redeclared, and this value has the older type. Run the cell that created the value again.";
        var target = value.Parent switch
        {
            ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax { Expression: var method } } => NameIn(method),
            ArgumentSyntax { Parent.Parent: ObjectCreationExpressionSyntax { Type: var type } } => NameIn(type),
            AssignmentExpressionSyntax { Left: var variable } => NameIn(variable),
            _ => null,
        };
        return target is null
            ? $"{name} was redeclared: this value has the newer type, but the older one is expected here. Run the cell again that declares "
                + "the method or variable that receives the value."
            : $"{name} was redeclared: this value has the newer type, but {target} was compiled with the older one. Run the cell again "
                + $"that declares {target}.";

        bool Uses(ITypeSymbol? type) => type switch
        {
            IArrayTypeSymbol array => Uses(array.ElementType),
            INamedTypeSymbol named => (named.Name == name && named.ContainingAssembly?.Name == latest.AssemblyName)
                || named.TypeArguments.Any(Uses),
            _ => false,
        };
    }

    private static string? NameIn(SyntaxNode node) => node switch
    {
        SimpleNameSyntax name => name.Identifier.ValueText,
        MemberAccessExpressionSyntax { Name: var name } => name.Identifier.ValueText,
        _ => null,
    };

    private static string? Using(IReadOnlyCollection<string> namespaces, IReadOnlySet<string> usings)
    {
        if (namespaces.Count == 0 || namespaces.Any(usings.Contains)) return null;
        var likely = namespaces.Where(space => space.StartsWith("System", StringComparison.Ordinal))
            .OrderBy(space => space.Length).ToList();
        if (likely.Count == 0) likely = [.. namespaces];
        return $"Is a using missing? {string.Join(" or ", likely.Take(NamespacesShown).Select(space => $"using {space};"))}";
    }

    /// <summary>Returns a question with the candidate that is spelled most similarly to a name; null if none is similar.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        if (name.Length is < 2 or > MaxNameLength) return null;
        var allowed = Math.Max(1, name.Length / 3);
        var best = candidates.Distinct().Where(candidate => Math.Abs(candidate.Length - name.Length) <= allowed && candidate != name)
            .Select(candidate => (Name: candidate, Distance: Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .Where(near => near.Distance <= allowed).OrderBy(near => near.Distance)
            .ThenBy(near => near.Name, StringComparer.Ordinal).FirstOrDefault();
        return best.Name is null ? null : $"Did you mean '{best.Name}'?";
    }

    /// <summary>Returns the edit distance: the number of letters to change, insert, delete or swap with the next.</summary>
    private static int Distance(string a, string b)
    {
        var costs = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) costs[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) costs[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                costs[i, j] = Math.Min(Math.Min(costs[i - 1, j], costs[i, j - 1]) + 1,
                    costs[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    costs[i, j] = Math.Min(costs[i, j], costs[i - 2, j - 2] + 1);
            }
        }

        return costs[a.Length, b.Length];
    }

    /// <summary>
    /// Returns the names that this cell and earlier ones declare. Reads their texts, because querying the compiler would take long.
    /// </summary>
    private static IEnumerable<string> Declared(CSharpCompilation submission, CancellationToken cancellation)
    {
        foreach (var link in SubmissionLink.Chain(submission))
        {
            foreach (var node in link.SyntaxTrees.SelectMany(tree => link == submission
                ? tree.GetRoot(cancellation).DescendantNodes()
                : tree.GetRoot(cancellation)
                    .DescendantNodes(node => node is CompilationUnitSyntax or FieldDeclarationSyntax or VariableDeclarationSyntax)))
            {
                switch (node)
                {
                    case VariableDeclaratorSyntax variable: yield return variable.Identifier.ValueText; break;
                    case SingleVariableDesignationSyntax variable: yield return variable.Identifier.ValueText; break;
                    case ParameterSyntax parameter: yield return parameter.Identifier.ValueText; break;
                    case MethodDeclarationSyntax method: yield return method.Identifier.ValueText; break;
                    case BaseTypeDeclarationSyntax type: yield return type.Identifier.ValueText; break;
                    case PropertyDeclarationSyntax property: yield return property.Identifier.ValueText; break;
                }
            }
        }
    }

    /// <summary>Returns the members of the expression before the dot.</summary>
    private static IEnumerable<string> Members(SyntaxNode node, CSharpCompilation submission, CancellationToken cancellation)
    {
        var receiver = node.AncestorsAndSelf().OfType<MemberAccessExpressionSyntax>().FirstOrDefault()?.Expression;
        if (receiver is null) return [];
        var model = submission.GetSemanticModel(receiver.SyntaxTree);
        var isType = model.GetSymbolInfo(receiver, cancellation).Symbol is ITypeSymbol;
        return model.GetTypeInfo(receiver, cancellation).Type is { TypeKind: not TypeKind.Error } type
            ? model.LookupSymbols(node.SpanStart, type, includeReducedExtensionMethods: true)
                .Where(member => member.CanBeReferencedByName && member.IsStatic == isType).Select(member => member.Name)
            : [];
    }
}
