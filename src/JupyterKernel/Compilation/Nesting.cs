using Microsoft.CodeAnalysis;

namespace JupyterKernel.Compilation;

/// <summary>
/// Detects text and syntax trees that Roslyn cannot process safely. Most of its recursion is guarded, but not that for tuple types, type
/// arguments, interpolated strings and prefix operators: there, a few thousand levels overflow the stack, which cannot be caught and ends
/// the process. Code written by people has at most a few dozen levels. Pure; any thread.
/// </summary>
public static class Nesting
{
    // With a stack of 1.5 MB (pool threads on Windows and macOS), the first overflows occur at about 1,000 levels.
    private const int MaxBrackets = 250;
    private const int MaxTreeDepth = 500;

    /// <summary>
    /// The factor by which code may be nested more deeply on the compilation thread; its stack is larger by more than this factor.
    /// </summary>
    public const int DeepStack = 20;

    /// <summary>
    /// Whether a text is too deeply nested to be parsed. Brackets are counted without lexing, so hundreds of unclosed brackets
    /// inside a string count too.
    /// </summary>
    /// <param name="code">The text.</param>
    /// <param name="stack">The size of the stack as a multiple of a pool thread's: 1 or <see cref="DeepStack"/>.</param>
    public static bool IsTooDeep(string code, int stack = 1)
    {
        int brackets = 0, angles = 0;
        foreach (var c in code)
        {
            switch (c)
            {
                case '(' or '[' or '{':
                    if (++brackets > MaxBrackets * stack) return true;
                    break;
                case ')' or ']' or '}':
                    brackets = Math.Max(0, brackets - 1);
                    break;
                case '<':
                    if (++angles > MaxBrackets * stack) return true;
                    break;
                case '>':
                    angles = Math.Max(0, angles - 1);
                    break;
                // A less-than sign is never closed, so it counts only up to the end of its statement.
                case ';':
                    angles = 0;
                    break;
            }
        }
        return false;
    }

    /// <summary>Whether a syntax tree is too deeply nested to be bound.</summary>
    /// <param name="root">The tree.</param>
    /// <param name="cancellation">Ends the walk early.</param>
    /// <param name="stack">The size of the stack as a multiple of a pool thread's: 1 or <see cref="DeepStack"/>.</param>
    public static bool IsTooDeep(SyntaxNode root, CancellationToken cancellation, int stack = 1)
    {
        var open = new Stack<ChildSyntaxList.Enumerator>();
        open.Push(root.ChildNodesAndTokens().GetEnumerator());
        while (open.TryPop(out var siblings))
        {
            if (!siblings.MoveNext()) continue;
            var child = siblings.Current.AsNode();
            open.Push(siblings);
            if (child is null) continue;
            cancellation.ThrowIfCancellationRequested();
            if (open.Count > MaxTreeDepth * stack) return true;
            open.Push(child.ChildNodesAndTokens().GetEnumerator());
        }
        return false;
    }
}
