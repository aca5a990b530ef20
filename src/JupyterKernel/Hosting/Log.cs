namespace JupyterKernel.Hosting;

/// <summary>
/// The kernel's log: stderr, which the client that started the kernel keeps. Rare lines; nothing secret. Any thread.
/// </summary>
internal static class Log
{
    private const int MaxTextLength = 1000;

    private static readonly HashSet<string> Warned = [];

    /// <summary>Logs a warning, once for each text: a flood of garbage must not become a flood of log.</summary>
    public static void WarnOnce(string text)
    {
        if (text.Length > MaxTextLength) text = text[..MaxTextLength] + "…";
        lock (Warned)
        {
            if (Warned.Count > 1000 || !Warned.Add(text)) return;
        }

        Write($"warning: {text}");
    }

    /// <summary>Logs why the process ends.</summary>
    public static void Failure(string text) => Write(text.ReplaceLineEndings(" "));

    /// <summary>Logs an exception that should not have been.</summary>
    public static void Bug(Exception exception) => Write($"bug: {exception}");

    private static void Write(string text)
    {
        try
        {
            Console.Error.WriteLine($"jupyter-csharp: {text}");
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            // Nobody reads it.
        }
    }
}
