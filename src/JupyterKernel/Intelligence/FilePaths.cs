using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>Completes paths of files and folders, in directives and in arguments for path parameters.</summary>
internal static class FilePaths
{
    private const int MaxEntries = 1000;

    private static readonly string[] NamesOfParameters = ["path", "file", "dir", "folder"];

    /// <summary>Returns the completions of a path.</summary>
    /// <param name="typed">The typed part of the path; relative paths start from the notebook's folder.</param>
    /// <param name="index">The cursor, after the typed part.</param>
    /// <param name="extensions">The file extensions to include; null for all.</param>
    public static CompletionList Complete(string typed, int index, string[]? extensions)
    {
        var nameStart = typed.LastIndexOfAny(OperatingSystem.IsWindows() ? ['/', '\\'] : ['/']) + 1;
        var name = typed[nameStart..];
        var items = Entries(typed[..nameStart], extensions)
            .Select(entry => (Match: NameMatching.Match(name, entry), entry))
            .Where(e => e.Match < NameMatch.Humps && (e.entry[0] != '.' || name.StartsWith('.')))
            .OrderBy(e => e.Match).ThenBy(e => e.entry, StringComparer.Ordinal)
            .Select(e => new CompletionItem(e.entry, "path", ""));
        return new CompletionList([.. items], index - name.Length, index);
    }

    /// <summary>Completes a string argument of a parameter whose name suggests a path: <c>File.ReadAllText("da</c>.</summary>
    /// <returns>The completions; null if the cursor is not in such a string.</returns>
    public static CompletionList? CompleteArgument(Cursor cursor, CancellationToken cancellation)
    {
        if (cursor.Left is not { RawKind: (int)SyntaxKind.StringLiteralToken, Parent.Parent: ArgumentSyntax argument } literal
            || cursor.Index <= literal.SpanStart)
        {
            return null;
        }
        var text = literal.Text[..Math.Min(literal.Text.Length, cursor.Index - literal.SpanStart)];
        var open = text.StartsWith("@\"", StringComparison.Ordinal) ? 2 : 1;

        // The cursor after the closing quote is outside the string.
        if (text.Length < open || (cursor.Index == literal.Span.End && text.Length > open && text.EndsWith('"'))) return null;
        var outside = Cursor.At(cursor, argument.SpanStart);
        return CallAtCursor.Around(outside, cancellation)?.Active is { Type.SpecialType: SpecialType.System_String } parameter
            && NamesOfParameters.Any(name => parameter.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            ? Complete(open == 2 ? text[open..] : text[open..].Replace(@"\\", @"\", StringComparison.Ordinal), cursor.Index, null)
            : null;
    }

    private static IEnumerable<string> Entries(string folder, string[]? extensions)
    {
        try
        {
            return [.. new DirectoryInfo(folder.Length == 0 ? "." : folder).EnumerateFileSystemInfos()
                .Where(e => e is DirectoryInfo || extensions is null || extensions.Contains(e.Extension, StringComparer.OrdinalIgnoreCase))
                .Select(e => e is DirectoryInfo ? e.Name + "/" : e.Name)
                .Take(MaxEntries)];
        }
        // A folder that does not exist, cannot be read, or has an invalid name is treated as empty.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException
            or System.Security.SecurityException)
        {
            return [];
        }
    }
}
