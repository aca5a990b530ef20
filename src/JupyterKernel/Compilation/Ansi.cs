namespace JupyterKernel.Compilation;

/// <summary>The few terminal colours that tracebacks and tooltips use, as IPython's do. https://en.wikipedia.org/wiki/ANSI_escape_code#SGR</summary>
internal static class Ansi
{
    /// <summary>Errors and what they underline.</summary>
    public static string Red(string text) => $"\e[0;31m{text}\e[0m";

    /// <summary>Titles, and what matters most.</summary>
    public static string Bold(string text) => $"\e[1m{text}\e[0m";

    /// <summary>Where something is.</summary>
    public static string Green(string text) => $"\e[0;32m{text}\e[0m";

    /// <summary>Names of members.</summary>
    public static string Cyan(string text) => $"\e[0;36m{text}\e[0m";
}
