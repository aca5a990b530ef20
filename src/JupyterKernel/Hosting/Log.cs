using System.Globalization;

namespace JupyterKernel.Hosting;

/// <summary>
/// The kernel's log: problems, and the categories chosen by the setting <c>log</c>. It is written to stderr, which the client that started
/// the kernel captures, or to the file in the setting <c>log-file</c>. It never contains a key, code or data. Any thread.
/// </summary>
/// <remarks>
/// A category that is off is null, so that <c>Log.Messages?.Write($"…")</c> costs only one comparison. A logging library would have to be
/// loaded before the first reply and is not needed for these lines.
/// </remarks>
internal sealed class Log
{
    private const int MaxTextLength = 1000;

    private static readonly HashSet<string> Warned = [];

    private static readonly Lock Writing = new();

    private readonly string category;

    private Log(string category) => this.category = category;

    /// <summary>The values of the setting <c>log</c>.</summary>
    public static IReadOnlyList<string> Details { get; } = ["problems", "workers", "messages"];

    /// <summary>
    /// The present value of the setting <c>log</c>: one of <see cref="Details"/>, each of which includes the previous ones.
    /// </summary>
    public static string Detail
    {
        get => Messages is not null ? "messages" : Workers is not null ? "workers" : "problems";
        set
        {
            Messages = value == "messages" ? new("messages") : null;
            Workers = value is "messages" or "workers" ? new("workers") : null;
        }
    }

    /// <summary>The file that the log is appended to; null for stderr.</summary>
    public static string? File { get; set; }

    /// <summary>The category for the events of workers: start, ready, replay, end.</summary>
    public static Log? Workers { get; private set; }

    /// <summary>The category for messages of Jupyter and of the pair socket: direction, type, id and size.</summary>
    public static Log? Messages { get; private set; }

    /// <summary>Logs a warning, but the same text only once, so that a flood of invalid messages does not flood the log.</summary>
    public static void WarnOnce(string text)
    {
        if (text.Length > MaxTextLength) text = text[..MaxTextLength] + "…";
        lock (Warned)
        {
            if (Warned.Count > 1000 || !Warned.Add(text)) return;
        }

        WriteLine($"warning: {text}");
    }

    /// <summary>Logs the reason why the process ends.</summary>
    public static void Failure(string text) => WriteLine(text.ReplaceLineEndings(" "));

    /// <summary>Logs an unexpected exception.</summary>
    public static void Bug(Exception exception) => WriteLine($"bug: {exception}");

    /// <summary>Logs an event of this category, with the time of day.</summary>
    public void Write(string text) =>
        WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss.fff} {category}: {text}"));

    private static void WriteLine(string text)
    {
        try
        {
            var line = $"jupyter-csharp: {text}{Environment.NewLine}";
            lock (Writing)
            {
                if (File is { } path) System.IO.File.AppendAllText(path, line);
                else Console.Error.Write(line);
            }
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            // The log is not being read.
        }
    }
}
