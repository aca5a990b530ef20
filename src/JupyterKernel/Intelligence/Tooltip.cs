using System.Text;
using System.Text.RegularExpressions;

namespace JupyterKernel.Intelligence;

/// <summary>A tooltip, once for each MIME type that an inspect_reply carries.</summary>
/// <param name="Plain">text/plain</param>
/// <param name="Markdown">text/markdown</param>
public sealed record Tooltip(string Plain, string Markdown);

/// <summary>Writes the same paragraphs as plain text and as Markdown.</summary>
internal sealed partial class TooltipPage
{
    private readonly StringBuilder _plain = new();
    private readonly StringBuilder _markdown = new();

    public Tooltip ToTooltip() => new(_plain.ToString().TrimEnd(), _markdown.ToString().TrimEnd());

    public void Code(string code, string? title = null)
    {
        if (title is not null) Title(title);
        // A fence must be longer than any run of back ticks inside.
        var fence = code.Contains("```", StringComparison.Ordinal) ? "``````````" : "```";
        _plain.Append(code).Append("\n\n");
        _markdown.Append(fence).Append("csharp\n").Append(code).Append('\n').Append(fence).Append("\n\n");
    }

    public void Text(string text)
    {
        if (text.Length == 0) return;
        _plain.Append(text).Append("\n\n");
        _markdown.Append(Escape(text).Replace("\n", "\n\n", StringComparison.Ordinal)).Append("\n\n");
    }

    public void List(string title, IReadOnlyList<(string Name, string Text)> items)
    {
        if (items.Count == 0) return;
        Title(title);
        foreach (var (name, text) in items)
        {
            _plain.Append("  ").Append(name).Append(name.Length > 0 ? ": " : "").Append(text).Append('\n');
            _markdown.Append("- ").Append(name.Length > 0 ? $"`{name}`: " : "").Append(Escape(text)).Append('\n');
        }
        _plain.Append('\n');
        _markdown.Append('\n');
    }

    private void Title(string title)
    {
        _plain.Append(title).Append(":\n");
        _markdown.Append("**").Append(title).Append("**\n\n");
    }

    // Documentation is text: generic types in it must not become HTML, nor stars emphasis.
    private static string Escape(string text) => MarkdownSigns().Replace(text, @"\$0");

    [GeneratedRegex(@"[\\`*_\[\]<>]")]
    private static partial Regex MarkdownSigns();
}
