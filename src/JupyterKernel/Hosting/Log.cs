namespace JupyterKernel.Hosting;

/// <summary>The kernel's log on stderr, which the client that started the kernel keeps. Few lines, without secrets. Any thread.</summary>
internal static class Log
{
    private const int MaxTextLength = 1000;

    private static readonly HashSet<string> Warned = [];

    /// <summary>Logs each warning once, so that a flood of invalid messages does not flood the log.</summary>
    public static void WarnOnce(string text)
    {
        if (text.Length > MaxTextLength) text = text[..MaxTextLength] + "…";
        lock (Warned)
        {
            if (Warned.Count > 1000 || !Warned.Add(text)) return;
        }

        Write($"warning: {text}");
    }

    /// <summary>Logs the reason why the process ends.</summary>
    public static void Failure(string text) => Write(text.ReplaceLineEndings(" "));

    /// <summary>Logs an unexpected exception.</summary>
    public static void Bug(Exception exception) => Write($"bug: {exception}");

    private static void Write(string text)
    {
        try
        {
            Console.Error.WriteLine($"jupyter-csharp: {text}");
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            // The log is not being read.
        }
    }
}
