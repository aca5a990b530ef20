using System.Text;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using Microsoft.Data.Sqlite;

namespace JupyterKernel.History;

/// <summary>
/// The tables of the input history, and queries on them. Not for several threads at once; throws <see cref="SqliteException"/> and
/// <see cref="IOException"/>. Several processes can have the same file open.
/// Source of the meaning of queries: https://github.com/ipython/ipython/blob/main/IPython/core/history.py
/// </summary>
internal sealed class HistoryDatabase : IDisposable
{
    private const int SqliteCorrupt = 11;
    private const int SqliteNotADatabase = 26;
    // SQLite refuses longer GLOB patterns (SQLITE_MAX_LIKE_PATTERN_LENGTH).
    private const int MaxPatternBytes = 50_000;
    private const string Broken = ".broken";
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateFolder = PrivateFile | UnixFileMode.UserExecute;

    private readonly SqliteConnection connection;
    
    private HistoryDatabase(string path)
    {
        connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            // With pooling, the file would stay open after the connection is closed, and a broken file could not be moved.
            Pooling = false,
            // The time in seconds that a statement waits for another kernel's write.
            DefaultTimeout = 2,
        }.ToString());
    }

    /// <summary>The number of this kernel's session.</summary>
    public int Session { get; private set; }

    /// <summary>
    /// Opens or creates the file and begins a session. Other users can read neither the file nor SQLite's files beside it.
    /// </summary>
    public static HistoryDatabase Open(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        CreatePrivately(folder, path);
        return Begin(new(path), database =>
        {
            database.Run("PRAGMA journal_mode = WAL");
            database.Run("PRAGMA synchronous = NORMAL");
            database.Run("CREATE TABLE IF NOT EXISTS sessions (session INTEGER PRIMARY KEY AUTOINCREMENT, start TEXT NOT NULL)");
            database.CreateHistory();
            using var begin = database.Command(
                "INSERT INTO sessions (start) VALUES ($start) RETURNING session", ("$start", DateTime.UtcNow.ToString("O")));
            database.Session = (int)(long)begin.ExecuteScalar()!;

            // Only after SQLite has recognized a database, because the path may lead to any file. All files of the database exist now.
            MakePrivate(path);
        });
    }

    /// <summary>Creates a history in memory, for this kernel alone.</summary>
    public static HistoryDatabase InMemory(int session) => Begin(new(":memory:"), database =>
    {
        database.Session = session;
        database.CreateHistory();
    });

    /// <summary>Whether an error means that the file is not a valid database.</summary>
    public static bool MeansBroken(SqliteException failure) => failure.SqliteErrorCode is SqliteCorrupt or SqliteNotADatabase;

    /// <summary>Renames a broken file; an earlier broken file is replaced.</summary>
    /// <returns>The new name.</returns>
    public static string MoveAside(string path)
    {
        var aside = path + Broken;
        File.Move(path, aside, overwrite: true);
        // These two files belong to the broken file and would corrupt the next one.
        File.Delete(path + "-wal");
        File.Delete(path + "-shm");
        Restrict(aside, PrivateFile);
        return aside;
    }

    public void Add(int line, string input) => Run(
        "INSERT OR REPLACE INTO history (session, line, input) VALUES ($session, $line, $input)",
        ("$session", Session), ("$line", line), ("$input", input));

    public void AddOutput(int line, string output) => Run(
        "UPDATE history SET output = $output WHERE session = $session AND line = $line",
        ("$session", Session), ("$line", line), ("$output", output));

    public IReadOnlyList<HistoryEntry> Query(HistoryRequest request) => request.HistAccessType switch
    {
        "tail" => Latest(request.N, ""),
        "range" => Range(request),
        "search" => Search(request),
        _ => [],
    };

    public void Dispose() => connection.Dispose();

    // Inputs may contain passwords. SQLite gives its other files the mode of the database file.
    private static void CreatePrivately(string folder, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        Directory.CreateDirectory(folder, PrivateFolder);
        // The installer keeps copies of the program in this folder and may have created it. A folder chosen by the user is not changed.
        if (Path.GetFileName(folder) == HistoryStore.OwnFolder) Restrict(folder, PrivateFolder);
        if (File.Exists(path)) return;
        try
        {
            new FileStream(path,
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = PrivateFile }).Dispose();
        }
        catch (IOException) when (new FileInfo(path) is { Exists: true } or { LinkTarget: not null })
        {
            // Another kernel created the file first, or it is a link to a missing file.
        }
    }

    private static void MakePrivate(string path)
    {
        // SQLite keeps its files beside the target of a link.
        var file = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        foreach (var suffix in (string[])["", "-wal", "-shm", "-journal", Broken]) Restrict(file + suffix, PrivateFile);
    }

    private static void Restrict(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows() || !Path.Exists(path) || File.GetUnixFileMode(path) == mode) return;
        try
        {
            File.SetUnixFileMode(path, mode);
        }
        catch (Exception impossible) when (impossible is IOException or UnauthorizedAccessException)
        {
            // The file belongs to another user, or the file system does not support modes.
        }
    }

    private static HistoryDatabase Begin(HistoryDatabase database, Action<HistoryDatabase> prepare)
    {
        try
        {
            database.connection.Open();
            prepare(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private void CreateHistory() => Run(
        "CREATE TABLE IF NOT EXISTS history (session INTEGER, line INTEGER, input TEXT NOT NULL, output TEXT, "
            + "PRIMARY KEY (session, line))");

    private List<HistoryEntry> Range(HistoryRequest request)
    {
        var session = request.Session > 0 ? request.Session : Session + (long)request.Session;
        // Lines count from 1, so a stop of 0 can only mean no stop, as in IPython.
        long stop = request.Stop is null or 0 ? long.MaxValue : request.Stop.Value;
        return Read(
            "SELECT session, line, input, output FROM history WHERE session = $session AND line >= $start AND line < $stop ORDER BY line",
            ("$session", session), ("$start", request.Start ?? 0), ("$stop", stop));
    }

    private IReadOnlyList<HistoryEntry> Search(HistoryRequest request)
    {
        // The protocol knows only * and ?. Without the escape, GLOB would treat the brackets of indexers as character classes. An input
        // that contains a NUL is matched only up to the NUL.
        var pattern = (request.Pattern ?? "*").Replace("[", "[[]", StringComparison.Ordinal);
        if (Encoding.UTF8.GetByteCount(pattern) > MaxPatternBytes) return [];
        return request.Unique
            // With max(), SQLite takes the other columns from the row with the maximum.
            ? Latest(request.N, "WHERE input GLOB $pattern GROUP BY input", ", max(session << 32 | line)", ("$pattern", pattern))
            : Latest(request.N, "WHERE input GLOB $pattern", "", ("$pattern", pattern));
    }

    // Without a count, all rows are returned: SQLite treats a negative limit as none.
    private IReadOnlyList<HistoryEntry> Latest(
        int? count, string filter, string extraColumn = "", params (string, object)[] parameters) => [.. Read(
            $"SELECT session, line, input, output {extraColumn} FROM history {filter} ORDER BY session DESC, line DESC LIMIT $count",
            [.. parameters, ("$count", count is { } n ? Math.Max(n, 0) : -1)]).AsEnumerable().Reverse()];

    private List<HistoryEntry> Read(string sql, params (string, object)[] parameters)
    {
        using var command = Command(sql, parameters);
        using var reader = command.ExecuteReader();
        var entries = new List<HistoryEntry>();
        while (reader.Read())
        {
            entries.Add(new(
                reader.GetInt32(0), reader.GetInt32(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3)));
        }
        return entries;
    }

    private void Run(string sql, params (string, object)[] parameters)
    {
        using var command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text above is a constant; values are passed as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }
}
