using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Makes a top-level loop of a cell as fast as in a program. A cell's variables are fields, because later cells use them too, and the
/// runtime reads a field from memory each time, so a summing loop would take several times as long. So a loop gets locals of the same
/// names, which the runtime keeps in registers. Each assignment to a local also sets the field in the same expression, so the variables are
/// correct at all times, however the loop ends. Pure; any thread.
/// </summary>
internal static class LoopVariables
{
    /// <summary>The suffix for the name of a reference to a variable's field.</summary>
    private const string FieldSuffix = "__field";

    /// <param name="form">The text of a cell.</param>
    /// <param name="script">The syntax tree of the text.</param>
    /// <param name="isTopLevelOnly">Whether a name is a variable of an earlier cell that only top-level statements use.</param>
    /// <returns>The text to try first, which must satisfy <see cref="IsSound"/>; null if there is nothing to gain.</returns>
    public static ScriptForm? In(ScriptForm form, SyntaxTree script, Func<string, bool> isTopLevelOnly, CancellationToken cancellation)
    {
        var root = script.GetCompilationUnitRoot(cancellation);
        if (root.ContainsDiagnostics) return null;
        var loops = root.DescendantNodes(node =>
            node is CompilationUnitSyntax or GlobalStatementSyntax or ElseClauseSyntax
                or (StatementSyntax and not LocalFunctionStatementSyntax) && !IsLoop(node))
            .Where(IsLoop).Cast<StatementSyntax>().ToList();
        if (loops.Count == 0) return null;

        var own = root.Members.OfType<FieldDeclarationSyntax>().Where(field => !field.Modifiers.Any(SyntaxKind.ConstKeyword))
            .SelectMany(field => field.Declaration.Variables).Select(variable => variable.Identifier.ValueText).ToHashSet();
        var hidden = new Lazy<HashSet<string>>(() =>
            [.. DeferredNames.In([script]),
                .. root.DescendantNodes().OfType<IdentifierNameSyntax>().Where(IsAliased).Select(name => name.Identifier.ValueText)]);
        var edits = loops.SelectMany(loop =>
            Localize(loop, name => (own.Contains(name) || isTopLevelOnly(name)) && !hidden.Value.Contains(name))).ToList();
        return edits.Count > 0 ? form with { Text = form.Text.With(edits) } : null;
    }

    /// <summary>
    /// Whether a local can replace each variable. It cannot if a method changes a struct in place, because the field would not change.
    /// </summary>
    /// <param name="submission">The compilation of a text returned by <see cref="In"/>.</param>
    /// <param name="tree">The syntax tree of that text.</param>
    public static bool IsSound(CSharpCompilation submission, SyntaxTree tree, CancellationToken cancellation)
    {
        var model = submission.GetSemanticModel(tree);
        foreach (var block in tree.GetRoot(cancellation).DescendantNodes().OfType<VariableDeclaratorSyntax>()
            .Where(variable => variable.Identifier.ValueText.EndsWith(FieldSuffix, StringComparison.Ordinal))
            .GroupBy(variable => variable.FirstAncestorOrSelf<BlockSyntax>()!))
        {
            var names = block.Select(variable => variable.Identifier.ValueText[..^FieldSuffix.Length]).ToHashSet();
            foreach (var use in block.Key.DescendantNodes().OfType<IdentifierNameSyntax>())
            {
                if (!names.Contains(use.Identifier.ValueText) || use.Parent is not ExpressionSyntax access) continue;
                if (access is not (MemberAccessExpressionSyntax or ElementAccessExpressionSyntax) || !IsExpression(use)) continue;
                if (model.GetTypeInfo(use, cancellation).Type is not { } type) return false;
                if (type.IsReferenceType) continue;
                if (type is not INamedTypeSymbol { SpecialType: not SpecialType.None } and not INamedTypeSymbol { IsReadOnly: true })
                    return false;
                if (model.GetSymbolInfo(access, cancellation).Symbol
                    is IMethodSymbol { ReducedFrom.Parameters: [{ RefKind: RefKind.Ref }, ..] })
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool IsLoop(SyntaxNode node) =>
        node is ForStatementSyntax or WhileStatementSyntax or DoStatementSyntax or CommonForEachStatementSyntax;

    private static bool IsAliased(IdentifierNameSyntax name) => name.Parent is RefExpressionSyntax
        or PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.AddressOfExpression }
        or ArgumentSyntax { RefKindKeyword.RawKind: not 0 };

    private static IEnumerable<Edit> Localize(StatementSyntax loop, Func<string, bool> isVariable)
    {
        var uses = new Dictionary<string, List<IdentifierNameSyntax>>();
        var declared = new HashSet<string>();
        foreach (var node in loop.DescendantNodesAndSelf())
        {
            switch (node)
            {
                // A ref local does not survive an await, and a label inside the new block would not be visible outside it.
                case AwaitExpressionSyntax or LabeledStatementSyntax or GotoStatementSyntax { RawKind: (int)SyntaxKind.GotoStatement }
                    or CommonForEachStatementSyntax { AwaitKeyword.RawKind: not 0 } or UsingStatementSyntax { AwaitKeyword.RawKind: not 0 }
                    or LocalDeclarationStatementSyntax { AwaitKeyword.RawKind: not 0 }:
                    return [];
                case VariableDeclaratorSyntax or SingleVariableDesignationSyntax or ForEachStatementSyntax
                    or CatchDeclarationSyntax or ParameterSyntax:
                    declared.Add(node.ChildTokens().LastOrDefault(token => token.IsKind(SyntaxKind.IdentifierToken)).ValueText);
                    break;
                case IdentifierNameSyntax name when IsExpression(name):
                    if (!uses.TryGetValue(name.Identifier.ValueText, out var places)) uses.Add(name.Identifier.ValueText, places = []);
                    places.Add(name);
                    break;
            }
        }

        var edits = new List<Edit>();
        string fields = "", locals = "";
        foreach (var (name, places) in uses)
        {
            if (declared.Contains(name)) continue;
            var written = places.Select(WriteThrough).ToList();

            // Only worth it for variables that are set or indexed; the runtime reads others fast enough.
            if (written.Contains(null)
                || !places.Zip(written).Any(use => use.Second!.Count > 0 || use.First.Parent is ElementAccessExpressionSyntax))
            {
                continue;
            }
            if (!isVariable(name)) continue;
            edits.AddRange(written.SelectMany(edit => edit!));
            fields += $"ref var {name}{FieldSuffix} = ref {name}; ";
            locals += $"var {name} = {name}{FieldSuffix}; ";
        }

        return fields.Length == 0 ? [] : [new(loop.SpanStart, 0, $"{{ {fields}{{ {locals}"), .. edits, new(loop.Span.End, 0, " } }")];
    }

    private static bool IsExpression(IdentifierNameSyntax name) => name.Parent switch
    {
        MemberAccessExpressionSyntax access => access.Expression == name,
        AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax } assignment => assignment.Left != name,
        MemberBindingExpressionSyntax or NameColonSyntax or NameEqualsSyntax or QualifiedNameSyntax or TypeArgumentListSyntax => false,
        _ => true,
    };

    /// <summary>
    /// Returns the edits that make an assignment to a local also set the field; empty if the local is only read, null
    /// if that is not possible.
    /// </summary>
    private static IReadOnlyList<Edit>? WriteThrough(IdentifierNameSyntax name)
    {
        var field = name.Identifier.Text + FieldSuffix;
        return name.Parent switch
        {
            AssignmentExpressionSyntax assignment when assignment.Left == name => [new(name.SpanStart, 0, $"{field} = ")],
            PrefixUnaryExpressionSyntax
            {
                RawKind: (int)SyntaxKind.PreIncrementExpression or (int)SyntaxKind.PreDecrementExpression,
            } step =>
                IsStatement(step) ? [new(step.SpanStart, 0, $"{field} = ")]
                : [new(step.SpanStart, 0, $"({field} = "), new(step.Span.End, 0, ")")],
            PostfixUnaryExpressionSyntax
            {
                RawKind: (int)SyntaxKind.PostIncrementExpression or (int)SyntaxKind.PostDecrementExpression,
            } step =>
                IsStatement(step)
                ? [new(step.SpanStart, 0, $"{field} = {step.OperatorToken.Text}"),
                    new(step.OperatorToken.SpanStart, step.OperatorToken.Span.Length, "  ")] : null,
            ArgumentSyntax { Parent: TupleExpressionSyntax { Parent: AssignmentExpressionSyntax assignment } tuple }
                when assignment.Left == tuple =>
                assignment.Parent is ExpressionStatementSyntax { Parent: BlockSyntax } statement
                ? [new(statement.Span.End, 0, $" {field} = {name.Identifier.Text};")] : null,
            ArgumentSyntax { Parent: TupleExpressionSyntax { Parent: ArgumentSyntax } } => null,
            ParenthesizedExpressionSyntax or PostfixUnaryExpressionSyntax => null,
            _ => [],
        };

        static bool IsStatement(ExpressionSyntax step) =>
            step.Parent is ExpressionStatementSyntax || (step.Parent is ForStatementSyntax parent && parent.Condition != step);
    }
}
