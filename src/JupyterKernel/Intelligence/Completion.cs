using System.Buffers;
using System.Collections.Immutable;
using JupyterKernel.Compilation;
using JupyterKernel.Packages;
using JupyterKernel.RoslynInternals;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Tags;
using Microsoft.CodeAnalysis.Text;
using RoslynItem = Microsoft.CodeAnalysis.Completion.CompletionItem;

namespace JupyterKernel.Intelligence;

/// <summary>Completes code at a position of a cell with Roslyn's proposals, the most likely first. Any thread.</summary>
/// <param name="packages">The packages that directives can reference.</param>
internal sealed class Completion(PackageNames packages)
{
    /// <summary>The number of typed letters from which proposals that need a using directive are included.</summary>
    private const int LettersForUnimported = 3;
    private const int MaxOverrides = 60;

    /// <summary>The maximum time to wait for the names that are not imported; the first query reads them from all assemblies.</summary>
    private static readonly TimeSpan UnimportedLimit = TimeSpan.FromSeconds(5);

    /// <summary>The keywords that can begin a statement in a cell but not in a Roslyn script.</summary>
    private static readonly RoslynItem[] KeywordsOfPrograms =
        [.. ((string[])["return", "namespace", "fixed"]).Select(keyword => RoslynItem.Create(keyword, tags: [WellKnownTags.Keyword]))];

    /// <summary>Characters that always continue a word.</summary>
    private static readonly SearchValues<char> Letters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    /// <summary>The property of a Roslyn item for an override that holds the modifiers.</summary>
    private const string OverriddenBy = "Modifiers";

    private static readonly Dictionary<string, string> TypesOfTags = new()
    {
        [WellKnownTags.Namespace] = "module", [WellKnownTags.Class] = "class", [WellKnownTags.Structure] = "struct",
        [WellKnownTags.Interface] = "interface",
        [WellKnownTags.Enum] = "enum", [WellKnownTags.Delegate] = "delegate", [WellKnownTags.TypeParameter] = "type parameter",
        [WellKnownTags.Method] = "function", [WellKnownTags.ExtensionMethod] = "function", [WellKnownTags.Property] = "property",
        [WellKnownTags.Event] = "event",
        [WellKnownTags.Field] = "field", [WellKnownTags.Constant] = "constant", [WellKnownTags.EnumMember] = "constant",
        [WellKnownTags.Keyword] = "keyword",
        [WellKnownTags.Local] = "instance", [WellKnownTags.Parameter] = "instance", [WellKnownTags.RangeVariable] = "instance",
        [WellKnownTags.Operator] = "operator", [WellKnownTags.File] = "path", [WellKnownTags.Folder] = "path",
    };

    private Word? latest;
    private Task? unimportedNames;

    /// <summary>Returns proposals for the word that ends at the index.</summary>
    /// <param name="cell">The cell, which may contain errors.</param>
    /// <param name="index">The cursor in UTF-16 units; clamped to the text.</param>
    /// <param name="recent">The recently used names, each with its rank: a greater rank is more recent.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>The proposals; empty if there are none or the code is nested too deeply for Roslyn.</returns>
    public async Task<CompletionList> CompleteAsync(
        CellDocument cell, int index, IReadOnlyDictionary<string, int> recent, CancellationToken cancellation)
    {
        var text = cell.Code;
        index = Math.Clamp(index, 0, text.Length);
        var nothing = new CompletionList([], index, index);
        if (await DirectiveCompletion.CompleteAsync(text, index, packages, cancellation) is { } directive) return directive;
        if (latest is { } word && word.EndsAt(index, cell)) return word.Rank(index, text, recent);
        if (await Cursor.InAsync(cell, index, cancellation) is not { } cursor) return nothing;
        if (FilePaths.CompleteArgument(cursor, cancellation) is { } paths) return paths;
        try
        {
            return await AskRoslynAsync(cursor, recent, cancellation);
        }
        catch (InsufficientExecutionStackException)
        {
            return nothing;
        }
    }

    private async Task<CompletionList> AskRoslynAsync(
        Cursor cursor, IReadOnlyDictionary<string, int> recent, CancellationToken cancellation)
    {
        var (document, text, index) = (cursor.Cell.Document, cursor.Cell.Code, cursor.Index);
        var inScope = Task.Run(() => cursor.NamesInScope(cancellation), cancellation);
        var service = CompletionService.GetService(document)!;
        var unimported =
            index - service.GetDefaultCompletionListSpan(await document.GetTextAsync(cancellation), index).Start >= LettersForUnimported;
        if (OnItsOwnLine(cursor) is { } apart) document = document.WithText(SourceText.From(apart));
        if (unimported) unimported = await KnowsUnimportedAsync(service, document, index, cancellation);
        var found = await RoslynServices.CompleteAsync(service, document, index, unimported, cancellation);
        if (found.ItemsList.Count == 0) return new([], index, index);
        var start = found.Span.Start;
        IReadOnlyList<RoslynItem> items = cursor.BeginsStatementAtTop(start)
            ? [.. found.ItemsList, .. KeywordsOfPrograms] : found.ItemsList;
        var overrides = items.Where(item => item.Properties.ContainsKey(OverriddenBy)).ToList();
        if (overrides.Count > 0) return await OverridesAsync(service, document, text, overrides, start, index, cancellation);

        var word = new Word(cursor.Cell.Session, text[..start], text[index..], unimported, items, await inScope);
        latest = word;
        return word.Rank(index, text, recent);
    }

    /// <summary>
    /// Waits until the names that are not imported are known. A cancelled query does not stop reading them, because
    /// the next query needs them.
    /// </summary>
    /// <returns>False if that takes too long; then only imported names are proposed.</returns>
    private async Task<bool> KnowsUnimportedAsync(CompletionService service, Document document, int index, CancellationToken cancellation)
    {
        var reading = unimportedNames ??= Task.Run(() =>
            RoslynServices.CompleteAsync(service, document, index, unimported: true, CancellationToken.None), CancellationToken.None);
        await Task.WhenAny(reading, Task.Delay(UnimportedLimit, cancellation));
        cancellation.ThrowIfCancellationRequested();
        return reading.IsCompleted;
    }

    /// <summary>
    /// Moves the override declaration that is being written at the cursor to a line of its own, because Roslyn proposes overrides only
    /// there. Positions before the cursor do not change.
    /// </summary>
    /// <returns>The new text; null if no override is being written or it already has its own line.</returns>
    private static string? OnItsOwnLine(Cursor cursor)
    {
        var (text, index) = (cursor.Cell.Code, cursor.Index);
        var keyword = cursor.Left.IsKind(SyntaxKind.OverrideKeyword) ? cursor.Left : cursor.Left.GetPreviousToken();
        if (!keyword.IsKind(SyntaxKind.OverrideKeyword) || keyword.Span.End == index
            || keyword.Parent is not MemberDeclarationSyntax member)
        {
            return null;
        }
        var start = member.Modifiers[0].SpanStart;
        var before = text.AsSpan(0, start)[(text.AsSpan(0, start).LastIndexOf('\n') + 1)..];
        var behind = text.AsSpan(index);
        if (before.IsWhiteSpace() && behind[..(behind.IndexOf('\n') is var end and >= 0 ? end : behind.Length)].IsWhiteSpace()) return null;
        var apart = text.Insert(index, "\n").ToCharArray();
        if (start > 0 && char.IsWhiteSpace(apart[start - 1])) apart[start - 1] = '\n';
        return new(apart);
    }

    /// <summary>Roslyn's proposals for a word; they stay valid while typing continues within the word. Immutable.</summary>
    /// <param name="Session">The session's script that the cell follows.</param>
    /// <param name="Before">The cell's text before the word.</param>
    /// <param name="After">The cell's text after the cursor.</param>
    /// <param name="HasUnimported">Whether proposals that need a using directive are included; depends on the number of letters.</param>
    /// <param name="InScope">The names in scope.</param>
    private sealed record Word(
        SessionScript Session, string Before, string After, bool HasUnimported, IReadOnlyList<RoslynItem> Found, NamesInScope InScope)
    {
        /// <summary>Whether the cursor is at the end of this word.</summary>
        public bool EndsAt(int index, CellDocument cell) =>
            cell.Session == Session && index >= Before.Length && cell.Code.AsSpan(0, index).StartsWith(Before)
                && cell.Code.AsSpan(index).SequenceEqual(After)
            && HasUnimported == index - Before.Length >= LettersForUnimported
            && !cell.Code.AsSpan(Before.Length, index - Before.Length).ContainsAnyExcept(Letters);

        /// <summary>Returns the proposals that match the typed part of the word.</summary>
        public CompletionList Rank(int index, string text, IReadOnlyDictionary<string, int> recent)
        {
            var typed = text[Before.Length..index];
            var name = typed.TrimStart('@');
            var ranked = Found.Select(item => (Item: item, Match: NameMatching.Match(name, item.FilterText)))
                .Where(candidate => candidate.Match != NameMatch.None)
                .Select(candidate => (candidate.Item, candidate.Match, Symbols: SymbolsOf(candidate.Item, InScope)))
                .Where(candidate => !IsHidden(candidate.Item, candidate.Symbols))
                .OrderBy(candidate => candidate.Match)
                .ThenBy(candidate => IsUnimported(candidate.Item))
                .ThenByDescending(candidate => candidate.Item.Rules.MatchPriority)
                .ThenByDescending(candidate => recent.GetValueOrDefault(candidate.Item.DisplayText))
                .ThenByDescending(candidate => candidate.Symbols.Any(SymbolText.IsOfSource))
                .ThenBy(candidate => candidate.Item.SortText, StringComparer.OrdinalIgnoreCase)
                .ThenBy(candidate => candidate.Item.SortText, StringComparer.Ordinal)
                .Select(candidate => Item(candidate.Item, candidate.Symbols, InScope, typed))
                .DistinctBy(item => item.Text);
            return new([.. ranked], Before.Length, index);
        }
    }

    // Roslyn's items do not contain their symbols, only the names and kinds.
    private static ImmutableArray<ISymbol> SymbolsOf(RoslynItem item, NamesInScope inScope) =>
        item.Properties.TryGetValue("SymbolKind", out var number) && int.TryParse(number, out var kind) && !IsUnimported(item)
        ? inScope.Of(item.DisplayText, (SymbolKind)kind) : [];

    // Roslyn shows members that are hidden from editors if their source is known, as it does in the user's own project.
    private static bool IsHidden(RoslynItem item, ImmutableArray<ISymbol> symbols) =>
        item.DisplayText.StartsWith(CellDeclarations.ExamplePrefix, StringComparison.Ordinal)
            || (symbols.Length > 0 && symbols.All(symbol => symbol.GetAttributes().Any(attribute =>
            attribute.AttributeClass?.Name == nameof(System.ComponentModel.EditorBrowsableAttribute)
            && attribute.ConstructorArguments is [{ Value: (int)System.ComponentModel.EditorBrowsableState.Never }])));

    // Only items that need a using directive have an inline description, which is their namespace.
    private static bool IsUnimported(RoslynItem item) => item.InlineDescription.Length > 0;

    private static CompletionItem Item(RoslynItem item, ImmutableArray<ISymbol> symbols, NamesInScope inScope, string typed)
    {
        var text = item.Properties.GetValueOrDefault("InsertionText") ?? item.DisplayText + (item.DisplayTextSuffix == ":" ? ":" : "");
        if (typed.StartsWith('@') && !text.StartsWith('@')) text = "@" + text;
        return IsUnimported(item)
            ? new(text, TypeOf(item, symbols), $"using {item.InlineDescription};", item.InlineDescription)
            : new(text, TypeOf(item, symbols),
                symbols.IsEmpty || item.Tags.Contains(WellKnownTags.Keyword) ? "" : inScope.Signature(symbols));
    }

    // JupyterLab has colours for function, instance, class, module and keyword; it shows any other word unchanged.
    private static string TypeOf(RoslynItem item, ImmutableArray<ISymbol> symbols) =>
        symbols is [IFieldSymbol { ContainingType.IsScriptClass: true }, ..] ? "instance"
        : item.Tags.Select(tag => TypesOfTags.GetValueOrDefault(tag)).FirstOrDefault(type => type is not null) ?? "keyword";

    /// <summary>
    /// Returns the members that a type can override, each as a complete declaration on one line, because a front end
    /// can insert only one text.
    /// </summary>
    private static async Task<CompletionList> OverridesAsync(
        CompletionService service, Document document, string text, List<RoslynItem> items, int start, int index,
        CancellationToken cancellation)
    {
        var typed = text[start..index];
        var fitting = items.Select(item => (Item: item, Match: NameMatching.Match(typed, item.FilterText)))
            .Where(item => item.Match != NameMatch.None)
            .OrderBy(item => item.Match).ThenBy(item => item.Item.SortText, StringComparer.Ordinal).Take(MaxOverrides).ToList();
        var from = start;
        var declarations = new List<(RoslynItem Item, int Start, string Text)>();
        foreach (var (item, _) in fitting)
        {
            var change = (await service.GetChangeAsync(document, item, cancellationToken: cancellation)).TextChange;
            declarations.Add(
                (item, change.Span.Start,
                    string.Join(' ', (change.NewText ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))));
            from = Math.Min(from, change.Span.Start);
        }

        return new(
            [.. declarations.Select(item => new CompletionItem(text[from..item.Start] + item.Text, "function", item.Item.DisplayText))],
            from, index);
    }
}
