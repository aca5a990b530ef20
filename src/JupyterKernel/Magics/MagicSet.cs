using JupyterKernel.Compilation;
using JupyterKernel.Link;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Magics;

/// <summary>The magics of a session: those of the kernel and those registered by cells. Immutable; any thread.</summary>
internal sealed class MagicSet
{
    private const string Api = "global::JupyterKernel.Display.Magic";
    private const string Notebook = "global::JupyterKernel.Display.Notebook";
    private const string Line = "line";

    private readonly Dictionary<string, MagicDefinition> registered = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="registered">
    /// The registered magics in the order of their cells; a later magic replaces an earlier one of the same name.
    /// </param>
    public MagicSet(IEnumerable<MagicRegistered> registered)
    {
        foreach (var magic in registered) this.registered[magic.Name] = Of(magic);
    }

    /// <summary>The magics in listing order.</summary>
    public IEnumerable<MagicDefinition> All =>
        registered.Values.OrderBy(magic => magic.Name, StringComparer.OrdinalIgnoreCase).Concat(MagicTable.All);

    /// <summary>Finds a magic by name, which includes <c>#!</c>; null if there is none.</summary>
    public MagicDefinition? Find(string name) => MagicTable.Find(name) ?? registered.GetValueOrDefault(name);

    /// <summary>Returns the error message for an unknown magic.</summary>
    public string Unknown(string name) =>
        $"Unknown magic '{(name.Length > 60 ? name[..60] + "…" : name)}'. "
            + $"{Suggestions.Nearest(name, All.SelectMany(magic => magic.Names)) ?? "#!lsmagic lists the magics."}";

    private static MagicDefinition Of(MagicRegistered magic) => new(
        magic.Name, magic.Help.Length > 0 ? magic.Help : "Registered by a cell.",
        (call, cell) => cell.RunCSharpAsync(Invocation(magic, call, cell), call))
    {
        TakesText = magic.TakesText,
        TakesLine = magic.Options is null,
        Parameters = magic.Options is null
            ? [new(Line, "The rest of the line.") { TakesRest = true, TakesReference = true }]
            :
            [
                .. magic.Options.Select(option => new MagicParameter(option.Name, option.Help)
                {
                    IsRequired = option.IsRequired, IsFlag = option.IsFlag, IsPositional = option.IsPositional,
                    Proposals = option.Proposals, TakesReference = true,
                }),
            ],
    };

    /// <summary>Returns the C# that calls the magic's handler; its result is the handler's return value.</summary>
    private static string Invocation(MagicRegistered magic, MagicCall call, IRunningCell cell)
    {
        var options = call.Values.Where(value => value.Key != Line)
            .Select(value => $", {Literal(value.Key)}, {Expression(value.Value, cell)}");
        var argument = call.Values.TryGetValue(Line, out var line) ? Expression(line, cell) : Literal("");
        return FormattableString.Invariant(
            $"await {Api}.InvokeAsync({magic.Cell}, {Literal(magic.Name)}, {argument}, {Literal(call.Text)}{string.Concat(options)})");
    }

    // The generated code asks the user, so that the input is not written into the history.
    private static string Expression(MagicValue value, IRunningCell cell) => value switch
    {
        { Kind: MagicValueKind.Input } => $"{Notebook}.GetInput({Literal(value.Text)})",
        { Kind: MagicValueKind.Password } => $"{Notebook}.GetPassword({Literal(value.Text)}).GetClearTextPassword()",
        { Kind: MagicValueKind.Shared, From: "value" } =>
            Literal(cell.Values.All.TryGetValue(value.Text, out var stored) ? stored.Text : ""),
        { Kind: MagicValueKind.Shared, From: "csharp" } when SyntaxFacts.IsValidIdentifier(value.Text) => $"@{value.Text}",
        { Kind: MagicValueKind.Shared } => Literal($"@{(value.From == "csharp" ? "" : value.From + ":")}{value.Text}"),
        _ => Literal(value.Text),
    };

    private static string Literal(string text) => SymbolDisplay.FormatLiteral(text, quote: true);
}
