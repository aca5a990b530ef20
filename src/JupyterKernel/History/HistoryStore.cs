using JupyterKernel.Protocol;
using Microsoft.Data.Sqlite;

namespace JupyterKernel.History;

/// <summary>A cell that was run in this kernel or an earlier one.</summary>
/// <param name="Session">The number of the kernel's session, counted over all kernels that share the file.</param>
/// <param name="Line">The cell's execution count.</param>
/// <param name="Input">The cell's text.</param>
/// <param name="Output">The cell's result as text; null if it had none.</param>
public sealed record HistoryEntry(int Session, int Line, string Input, string? Output);

/// <summary>
/// The inputs and text outputs of this kernel and of earlier ones, in one SQLite file of the user. Any thread may call; a background
/// thread, started by the first call, owns the file, and only queries wait for it. If the file cannot be used, the history is kept in
/// memory and one warning is reported; no method throws.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#history
/// </summary>
public sealed class HistoryStore : IDisposable
{
    /// <summary>The environment variable with the path of another file, or <c>off</c> to keep the history in memory only.</summary>
    public const string EnvironmentVariable = "JUPYTER_CSHARP_HISTORY";

    /// <summary>The name of this program's folder in the user's data directory.</summary>
    public const string OwnFolder = "jupyter-csharp";

    private const int MaxTextLength = 1024 * 1024;
    private static readonly TimeSpan FlushDeadline = TimeSpan.FromSeconds(1);

    /// <summary>The time that entries are collected before they are written together, because their cell needs the processor.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly Queue<Action> queue = [];
    private readonly AutoResetEvent begun = new(false);
    private readonly ManualResetEventSlim hurry = new(false, 0);
    private readonly Lazy<Thread> writer;
    private readonly Action<string> warn;
    private bool ended;

    // The remaining fields belong to the background thread.
    private string? path;
    private HistoryDatabase? database;
    private IReadOnlyList<HistoryEntry> salvaged = [];
    private int session = 1;
    private bool renewed;
    private bool warned;

    /// <param name="warn">Receives at most one line, on the background thread.</param>
    /// <param name="path">The file, which is created if it is missing; null keeps the history in memory.</param>
    public HistoryStore(Action<string> warn, string? path)
    {
        this.warn = warn;
        this.path = path;
        writer = new(() =>
        {
            var thread = new Thread(Run) { IsBackground = true, Name = "history" };
            thread.Start();
            return thread;
        });
    }

    /// <summary>Returns the file in the environment variable, otherwise the one in the user's data directory; null for none.</summary>
    public static string? DefaultPath()
    {
        var named = Environment.GetEnvironmentVariable(EnvironmentVariable);
        if (string.Equals(named, "off", StringComparison.OrdinalIgnoreCase)) return null;
        if (!string.IsNullOrEmpty(named)) return named;
        // Not verified, because in a new account the folder does not exist yet, and an empty string would be returned.
        var data = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return data.Length == 0 ? null : Path.Combine(data, OwnFolder, "history.sqlite");
    }

    /// <summary>Stores the text of a cell, truncated to 1 Mi characters.</summary>
    public void Add(int line, string input)
    {
        var kept = Cut(input);
        Post(() => Perform(database => database.Add(line, kept)));
    }

    /// <summary>Stores the result of a cell that was added before, truncated to 1 Mi characters.</summary>
    public void AddOutput(int line, string textOutput)
    {
        var kept = Cut(textOutput);
        Post(() => Perform(database => database.AddOutput(line, kept)));
    }

    /// <summary>Returns the matching entries among all that were added before, oldest first; none after disposal.</summary>
    public Task<IReadOnlyList<HistoryEntry>> QueryAsync(HistoryRequest request)
    {
        var answer = new TaskCompletionSource<IReadOnlyList<HistoryEntry>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var posted = Post(() =>
        {
            IReadOnlyList<HistoryEntry> entries = [];
            Perform(database => entries = database.Query(request));
            answer.SetResult(entries);
        });
        if (posted) hurry.Set();
        else answer.SetResult([]);
        return answer.Task;
    }

    /// <summary>Writes the pending entries; waits at most 1 s.</summary>
    public void Dispose()
    {
        lock (gate) ended = true;
        hurry.Set();
        begun.Set();
        if (writer.IsValueCreated) writer.Value.Join(FlushDeadline);
    }

    private bool Post(Action work)
    {
        lock (gate)
        {
            if (ended) return false;
            queue.Enqueue(work);
            if (queue.Count > 1) return true;
        }

        begun.Set();
        _ = writer.Value;
        return true;
    }

    private void Run()
    {
        while (true)
        {
            begun.WaitOne();
            hurry.Wait(Pause);
            hurry.Reset();
            while (true)
            {
                Action? work;
                lock (gate)
                {
                    if (!queue.TryDequeue(out work)) break;
                }

                work();
            }

            lock (gate)
            {
                if (ended && queue.Count == 0) break;
            }
        }

        database?.Dispose();
    }

    // Errors of the file or of SQLite must not affect cells. Three attempts: with the file; with a new file, if the old
    // one is broken; in memory.
    private void Perform(Action<HistoryDatabase> work)
    {
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            try
            {
                work(database ?? Open());
                return;
            }
            catch (Exception e)
            {
                GiveUp(e);
            }
        }
    }

    private HistoryDatabase Open()
    {
        database = path is null ? HistoryDatabase.InMemory(session) : HistoryDatabase.Open(path);
        session = database.Session;
        foreach (var entry in salvaged)
        {
            database.Add(entry.Line, entry.Input);
            if (entry.Output is { } output) database.AddOutput(entry.Line, output);
        }
        salvaged = [];
        return database;
    }

    private void GiveUp(Exception failure)
    {
        try
        {
            if (salvaged.Count == 0 && database is not null)
                salvaged = database.Query(new HistoryRequest { HistAccessType = "range" });
        }
        catch (Exception)
        {
            // Entries that can no longer be read are dropped.
        }
        database?.Dispose();
        database = null;

        if (path is not null && !renewed && failure is SqliteException broken && HistoryDatabase.MeansBroken(broken))
        {
            renewed = true;
            try
            {
                var aside = HistoryDatabase.MoveAside(path);
                Warn($"The history file was corrupt and was renamed to {aside}. A new file was created. ({failure.Message})");
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failure = e;
            }
        }
        path = null;
        Warn($"The history is kept in memory only: {failure.Message}");
    }

    private void Warn(string message)
    {
        if (warned) return;
        warned = true;
        warn(message);
    }

    private static string Cut(string text)
    {
        if (text.Length <= MaxTextLength) return text;
        var end = char.IsHighSurrogate(text[MaxTextLength - 1]) ? MaxTextLength - 1 : MaxTextLength;
        return text[..end] + "…";
    }
}
