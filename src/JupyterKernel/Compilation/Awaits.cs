using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Detects a task that is used instead of its result. Gives a hint only if the types show that the result would fit and the task does not.
/// Pure; compilation thread.
/// </summary>
internal static class Awaits
{
    private const string Question = "Is an await missing? ";

    /// <summary>Returns a hint that an <c>await</c> is missing; null if none is missing.</summary>
    /// <param name="error">An error in the submission's tree.</param>
    /// <param name="node">The syntax node that the error refers to.</param>
    public static string? Hint(Diagnostic error, SyntaxNode node, CSharpCompilation submission, CancellationToken cancellation)
    {
        var model = submission.GetSemanticModel(node.SyntaxTree);
        if (error.Id is "CS1579" or "CS8414" && node.FirstAncestorOrSelf<CommonForEachStatementSyntax>() is { } loop)
        {
            var item = loop is ForEachStatementSyntax each ? $"{each.Type} {each.Identifier}"
                : ((ForEachVariableStatementSyntax)loop).Variable.ToString();
            return Result(loop.Expression) is { } items && (IsSequence(items) || IsStream(items))
                ? $"{Question}{(IsStream(items) ? "await " : "")}foreach ({item} in await {loop.Expression})"
                : IsStream(TypeOf(loop.Expression)) ? $"{Question}await foreach ({item} in {loop.Expression})"
                : null;
        }

        if (error.Id is "CS1061" or "CS0411" or "CS1929" && node.FirstAncestorOrSelf<MemberAccessExpressionSyntax>() is { } access)
        {
            var (type, name) = (TypeOf(access.Expression), access.Name.Identifier.ValueText);
            if (Result(access.Expression) is { } result)
                return Has(result, name) ? $"{Question}(await {access.Expression}).{access.Name}" : null;
            return IsStream(type) && !name.EndsWith("Async", StringComparison.Ordinal) && Has(type!, name + "Async")
                ? $"{Question}await {access.Expression}.{name}Async(…)" : null;
        }

        switch (error.Id)
        {
            case "CS0021" when node is ElementAccessExpressionSyntax element && Result(element.Expression) is not null:
                return $"{Question}(await {element.Expression}){element.ArgumentList}";
            case "CS0019" when node is BinaryExpressionSyntax binary && (Result(binary.Left) ?? Result(binary.Right)) is not null:
                return $"{Question}{Operand(binary.Left)} {binary.OperatorToken} {Operand(binary.Right)}";
            case "CS0019" when node is AssignmentExpressionSyntax assignment && Result(assignment.Right) is not null:
                return $"{Question}{assignment.Left} {assignment.OperatorToken} await {assignment.Right}";
            case "CS0023" when node is PrefixUnaryExpressionSyntax unary && Result(unary.Operand) is not null:
                return $"{Question}{unary.OperatorToken}await {unary.Operand}";
            case "CS8129" or "CS8130" when node.FirstAncestorOrSelf<AssignmentExpressionSyntax>() is { } deconstruction
                && Result(deconstruction.Right) is { IsTupleType: true }:
                return $"{Question}{deconstruction.Left} = await {deconstruction.Right}";
            case "CS0029" or "CS0266" or "CS0030" or "CS1503":
                var value = (node as ArgumentSyntax)?.Expression ?? (node as CastExpressionSyntax)?.Expression ?? node as ExpressionSyntax;
                return value is not null && Result(value) is { SpecialType: not SpecialType.System_Void }
                    && !Expected(error).Contains("Task", StringComparison.Ordinal) ? $"{Question}await {value}" : null;
            default:
                return null;
        }

        ITypeSymbol? TypeOf(ExpressionSyntax expression) => model.GetTypeInfo(expression, cancellation).Type;

        // The type of the awaited expression; null if it cannot be awaited or has no result.
        ITypeSymbol? Result(ExpressionSyntax expression) =>
            TypeOf(expression) is INamedTypeSymbol { IsGenericType: true, Name: "Task" or "ValueTask", ContainingNamespace: var space } task
            && space.ToDisplayString() == "System.Threading.Tasks" ? task.TypeArguments[0] : null;

        bool Has(ITypeSymbol type, string name) =>
            !model.LookupSymbols(node.SpanStart, type, name, includeReducedExtensionMethods: true).IsEmpty;

        string Operand(ExpressionSyntax operand) => Result(operand) is null ? operand.ToString() : $"await {operand}";

        static string Expected(Diagnostic error) =>
            error.GetMessage(System.Globalization.CultureInfo.InvariantCulture).Split('\'') is [.., var last, _] ? last : "";
    }

    private static bool IsSequence(ITypeSymbol type) =>
        type is IArrayTypeSymbol
        || type.AllInterfaces.Append(type).Any(at => at.OriginalDefinition.SpecialType
            is SpecialType.System_Collections_IEnumerable or SpecialType.System_Collections_Generic_IEnumerable_T);

    private static bool IsStream(ITypeSymbol? type) =>
        type is not null
        && type.AllInterfaces.Append(type).Any(at => at is { Name: "IAsyncEnumerable", ContainingNamespace.Name: "Generic" });
}
