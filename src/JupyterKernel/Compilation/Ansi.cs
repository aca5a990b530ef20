namespace JupyterKernel.Compilation;

/// <summary>
/// The terminal colours of tracebacks and tooltips, the same as in IPython.
/// Source: https://en.wikipedia.org/wiki/ANSI_escape_code#SGR
/// </summary>
internal static class Ansi
{
    /// <summary>Colours an error or the text that it underlines.</summary>
    public static string Red(string text) => $"\e[0;31m{text}\e[0m";

    /// <summary>Emphasizes a title or an important word.</summary>
    public static string Bold(string text) => $"\e[1m{text}\e[0m";

    /// <summary>Colours a source location.</summary>
    public static string Green(string text) => $"\e[0;32m{text}\e[0m";

    /// <summary>Colours the name of a member.</summary>
    public static string Cyan(string text) => $"\e[0;36m{text}\e[0m";
}
