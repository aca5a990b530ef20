using System.Collections.Concurrent;
using JupyterKernel.History;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using Microsoft.Data.Sqlite;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the history: the results of queries, and that damage to its file does not affect a kernel.</summary>
public sealed class HistoryStoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly ConcurrentQueue<string> _warnings = new();

    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateFolder = PrivateFile | UnixFileMode.UserExecute;

    private string FilePath => Path.Combine(_folder.FullName, "data", "history.sqlite");

    public void Dispose() => _folder.Delete(recursive: true);

    private string[] HistoryFiles() => Directory.GetFiles(_folder.FullName, "*", SearchOption.AllDirectories);

    private static UnixFileMode Mode(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);

    private HistoryStore Open(string? path = null) => new(_warnings.Enqueue, path ?? FilePath);

    private static HistoryRequest Range(int session = 0, int? start = null, int? stop = null) =>
        new() { HistAccessType = "range", Session = session, Start = start, Stop = stop };

    private static HistoryRequest Tail(int? n) => new() { HistAccessType = "tail", N = n };

    private static HistoryRequest Search(string? pattern, int? n = null, bool unique = false) =>
        new() { HistAccessType = "search", Pattern = pattern, N = n, Unique = unique };

    private static async Task<string[]> Inputs(HistoryStore store, HistoryRequest request) =>
        [.. (await store.QueryAsync(request)).Select(e => e.Input)];

    private void Kernel(params string[] inputs)
    {
        using var store = Open();
        for (var i = 0; i < inputs.Length; i++) store.Add(i + 1, inputs[i]);
        Flush(store);
    }

    // Disposing the store waits for only one second, which is not enough on a busy machine.
    private static void Flush(HistoryStore store) => store.QueryAsync(Tail(0)).GetAwaiter().GetResult();

    [Fact]
    public async Task A_query_sees_all_that_was_added_before_it()
    {
        using var store = Open();
        for (var line = 1; line <= 500; line++)
        {
            store.Add(line, $"cell {line}");
            store.AddOutput(line, $"{line}");
        }
        var entries = await store.QueryAsync(Range());
        Assert.Equal(Enumerable.Range(1, 500).Select(l => new HistoryEntry(1, l, $"cell {l}", $"{l}")), entries);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_cell_without_a_result_has_no_output()
    {
        using var store = Open();
        store.Add(1, "a");
        store.AddOutput(7, "of no cell");
        Assert.Equal([new HistoryEntry(1, 1, "a", null)], await store.QueryAsync(Range()));
    }

    [Fact]
    public async Task Sessions_count_up_over_kernels_and_are_reached_by_number_or_backwards()
    {
        Kernel("first");
        Kernel("second", "second b");
        using var store = Open();
        store.Add(1, "third");

        Assert.Equal([new HistoryEntry(3, 1, "third", null)], await store.QueryAsync(Range()));
        Assert.Equal([new HistoryEntry(2, 1, "second", null), new HistoryEntry(2, 2, "second b", null)], await store.QueryAsync(Range(-1)));
        Assert.Equal(["first"], await Inputs(store, Range(-2)));
        Assert.Equal(["first"], await Inputs(store, Range(1)));
        Assert.Equal(["third"], await Inputs(store, Range(3)));
        Assert.Empty(await store.QueryAsync(Range(-3)));
        Assert.Empty(await store.QueryAsync(Range(4)));
        Assert.Empty(await store.QueryAsync(Range(int.MinValue)));
        Assert.Empty(await store.QueryAsync(Range(int.MaxValue)));
    }

    [Theory]
    [InlineData(2, 4, "b c")]
    [InlineData(3, null, "c d")]
    [InlineData(null, 2, "a")]
    [InlineData(0, 0, "a b c d")]
    [InlineData(4, 2, "")]
    [InlineData(int.MinValue, int.MaxValue, "a b c d")]
    public async Task A_range_starts_at_its_first_and_stops_before_its_last_line(int? start, int? stop, string expected)
    {
        Kernel("a", "b", "c", "d");
        using var store = Open();
        Assert.Equal(expected, string.Join(' ', await Inputs(store, Range(1, start, stop))));
    }

    [Fact]
    public async Task The_tail_is_the_last_over_all_sessions_oldest_first()
    {
        Kernel("a", "b");
        using var store = Open();
        store.Add(1, "c");
        Assert.Equal(["b", "c"], await Inputs(store, Tail(2)));
        Assert.Equal(["a", "b", "c"], await Inputs(store, Tail(100)));
        Assert.Equal(["a", "b", "c"], await Inputs(store, Tail(null)));
        Assert.Empty(await Inputs(store, Tail(0)));
        Assert.Empty(await Inputs(store, Tail(-1)));
    }

    [Theory]
    [InlineData("x*", "x = 1|x[0] = 2|x = 1")]
    [InlineData("*2", "x[0] = 2|y = 2")]
    [InlineData("? = ?", "x = 1|y = 2|x = 1")]
    [InlineData("x[0]*", "x[0] = 2")]
    [InlineData("x", "")]
    [InlineData("X*", "")]
    [InlineData("*line\ntwo*", "one line\ntwo lines")]
    [InlineData(null, "x = 1|x[0] = 2|y = 2|x = 1|one line\ntwo lines")]
    public async Task A_search_matches_the_whole_input_with_star_and_question_mark(string? pattern, string expected)
    {
        Kernel("x = 1", "x[0] = 2");
        using var store = Open();
        store.Add(1, "y = 2");
        store.Add(2, "x = 1");
        store.Add(3, "one line\ntwo lines");
        Assert.Equal(expected, string.Join('|', await Inputs(store, Search(pattern))));
    }

    [Fact]
    public async Task A_search_gives_the_last_n_and_each_input_once_if_asked()
    {
        Kernel("a", "b", "a");
        using var store = Open();
        store.Add(1, "b");
        store.Add(2, "c");
        store.AddOutput(1, "out");
        Assert.Equal(["b", "c"], await Inputs(store, Search("*", n: 2)));
        Assert.Equal(
            [new HistoryEntry(1, 3, "a", null), new HistoryEntry(2, 1, "b", "out"), new HistoryEntry(2, 2, "c", null)],
            await store.QueryAsync(Search("*", unique: true)));
        Assert.Equal(["b", "c"], await Inputs(store, Search("*", n: 2, unique: true)));
    }

    [Fact]
    public async Task Hostile_requests_are_answered()
    {
        using var store = Open();
        store.Add(1, "a");
        Assert.Empty(await store.QueryAsync(new() { HistAccessType = "sideways" }));
        Assert.Empty(await store.QueryAsync(Search(new string('*', 1_000_000) + "b")));
        Assert.Empty(await store.QueryAsync(Search("'; DROP TABLE history; --")));
        Assert.Empty(await store.QueryAsync(Search("\ud800\0[")));
        Assert.Equal(["a"], await Inputs(store, Range()));
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task Hostile_texts_are_kept_or_cut()
    {
        using var store = Open();
        store.Add(1, "a\0b\ud800c 😀");
        store.Add(2, string.Concat(Enumerable.Repeat("x😀", 20_000_000)));
        store.AddOutput(2, new string('o', 50_000_000));
        store.Add(3, "");
        var entries = await store.QueryAsync(Range());
        Assert.Equal("a\0b\ufffdc 😀", entries[0].Input);
        Assert.InRange(entries[1].Input.Length, 1_000_000, 1_100_000);
        Assert.DoesNotContain('\ufffd', entries[1].Input);
        Assert.EndsWith("…", entries[1].Input, StringComparison.Ordinal);
        Assert.InRange(entries[1].Output!.Length, 1_000_000, 1_100_000);
        Assert.Equal("", entries[2].Input);
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task Kernels_that_write_at_once_lose_nothing()
    {
        const int Kernels = 6, Cells = 100;
        await Task.WhenAll(Enumerable.Range(0, Kernels).Select(k => Task.Run(async () =>
        {
            using var store = Open();
            for (var line = 1; line <= Cells; line++) store.Add(line, $"{k}");
            await store.QueryAsync(Tail(1));
        })));
        using var reader = Open();
        var entries = await reader.QueryAsync(Tail(null));
        Assert.Empty(_warnings);
        Assert.Equal(Kernels * Cells, entries.Count);
        Assert.Equal(Kernels, entries.GroupBy(e => e.Session).Count(s => s.DistinctBy(e => e.Input).Count() == 1));
    }

    [Fact]
    public async Task The_end_of_a_store_writes_what_was_added()
    {
        using (var store = Open())
        {
            Flush(store);
            for (var line = 1; line <= 50; line++) store.Add(line, "cell");
        }
        using var next = Open();
        Assert.Equal(50, (await next.QueryAsync(Range(1))).Count);
    }

    [Fact]
    public async Task After_its_end_a_store_takes_and_gives_nothing_and_does_not_throw()
    {
        var store = Open();
        store.Add(1, "a");
        store.Dispose();
        store.Dispose();
        store.Add(2, "b");
        store.AddOutput(1, "c");
        Assert.Empty(await store.QueryAsync(Tail(10)));
    }

    [Fact]
    public void A_store_that_is_not_used_touches_no_file()
    {
        Open().Dispose();
        Assert.False(Directory.Exists(Path.GetDirectoryName(FilePath)));
    }

    [Fact]
    public async Task Only_the_user_may_read_the_folder_and_its_files()
    {
        using var store = Open();
        store.Add(1, "password");
        Assert.Single(await store.QueryAsync(Tail(1)));

        if (OperatingSystem.IsWindows()) return;
        Assert.Equal(PrivateFolder, Mode(Path.GetDirectoryName(FilePath)!));
        Assert.All(HistoryFiles(), file => Assert.Equal(PrivateFile, Mode(file)));
        Assert.Contains(FilePath + "-wal", HistoryFiles());
    }

    [Fact]
    public async Task Files_readable_by_others_become_private()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions");
        if (OperatingSystem.IsWindows()) return;
        var path = Path.Combine(_folder.FullName, HistoryStore.OwnFolder, "history.sqlite");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.SetUnixFileMode(Path.GetDirectoryName(path)!,
            PrivateFolder | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        using (var earlier = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            // Not closed before the store opens it, so that SQLite's additional files already exist.
            earlier.Open();
            using var command = earlier.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = WAL; CREATE TABLE other (x)";
            command.ExecuteNonQuery();
            File.WriteAllText(path + ".broken", "an older one");
            foreach (var file in HistoryFiles()) File.SetUnixFileMode(file, PrivateFile | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            Assert.Equal(4, HistoryFiles().Length);

            using var store = Open(path);
            store.Add(1, "password");
            Assert.Single(await store.QueryAsync(Tail(1)));

            Assert.Equal(PrivateFolder, Mode(Path.GetDirectoryName(path)!));
            Assert.All(HistoryFiles(), file => Assert.Equal(PrivateFile, Mode(file)));
        }
    }

    [Fact]
    public async Task A_folder_that_the_user_chose_keeps_its_permissions()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions");
        if (OperatingSystem.IsWindows()) return;
        var shared = PrivateFolder | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        File.SetUnixFileMode(_folder.FullName, shared);
        var link = Path.Combine(_folder.FullName, "link.sqlite");
        var target = Path.Combine(_folder.FullName, "target.sqlite");
        File.WriteAllText(target, "");
        File.CreateSymbolicLink(link, target);
        using var store = Open(link);
        store.Add(1, "a");
        Assert.Single(await store.QueryAsync(Tail(1)));

        Assert.Equal(shared, Mode(_folder.FullName));
        Assert.Equal(PrivateFile, Mode(target));
        Assert.Equal(PrivateFile, Mode(target + "-wal"));
    }

    [Fact]
    public async Task Without_a_file_the_history_lives_in_memory()
    {
        using var store = new HistoryStore(_warnings.Enqueue, path: null);
        store.Add(1, "a");
        Assert.Equal([new HistoryEntry(1, 1, "a", null)], await store.QueryAsync(Tail(10)));
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task A_broken_file_is_moved_aside_and_a_new_one_begun(int intactBytes)
    {
        Kernel("lost");
        var bytes = File.ReadAllBytes(FilePath);
        bytes.AsSpan(intactBytes).Fill(0xA5);
        File.WriteAllBytes(FilePath, bytes);

        using (var store = Open())
        {
            store.Add(1, "a");
            Assert.Equal([new HistoryEntry(1, 1, "a", null)], await store.QueryAsync(Tail(10)));
        }
        Assert.Contains(".broken", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(FilePath + ".broken"));
        using var next = Open();
        Assert.Equal(["a"], await Inputs(next, Tail(10)));
        Assert.Single(_warnings);
    }

    [Fact]
    public async Task Without_a_writable_file_the_history_lives_in_memory_with_one_warning()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "file"), "");
        foreach (var path in new[] { _folder.FullName, Path.Combine(_folder.FullName, "file", "history.sqlite"), "\0" })
        {
            _warnings.Clear();
            using var store = Open(path);
            for (var line = 1; line <= 3; line++) store.Add(line, $"{line}");
            Assert.Equal(["1", "2", "3"], await Inputs(store, Range()));
            Assert.Single(_warnings);
        }
    }

    [Fact]
    public async Task A_file_with_other_tables_is_left_alone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        Execute("CREATE TABLE history (session INTEGER, line INTEGER, source TEXT)");
        using var store = Open();
        store.Add(1, "a");
        Assert.Equal(["a"], await Inputs(store, Tail(10)));
        Assert.Single(_warnings);
        Assert.False(File.Exists(FilePath + ".broken"));
    }

    [Fact]
    public async Task A_file_that_another_locks_midway_leaves_the_session_in_memory()
    {
        using var store = Open();
        store.Add(1, "a");
        store.AddOutput(1, "one");
        Assert.Single(await store.QueryAsync(Range()));

        using var other = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        other.Open();
        using var transaction = other.BeginTransaction(deferred: false);
        store.Add(2, "b");
        Assert.Equal([new HistoryEntry(1, 1, "a", "one"), new HistoryEntry(1, 2, "b", null)], await store.QueryAsync(Range()));
        Assert.Single(_warnings);
    }

    [Fact]
    public async Task A_disk_that_is_full_leaves_the_session_in_memory()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /dev/full");
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.CreateSymbolicLink(FilePath, "/dev/full");
        using var store = Open();
        store.Add(1, "a");
        Assert.Equal(["a"], await Inputs(store, Range()));
        Assert.Single(_warnings);
        Assert.True(Mode("/dev/full").HasFlag(UnixFileMode.OtherWrite));
    }

    [Fact]
    public void The_environment_names_the_file_or_turns_it_off()
    {
        var before = Environment.GetEnvironmentVariable(HistoryStore.EnvironmentVariable);
        try
        {
            Environment.SetEnvironmentVariable(HistoryStore.EnvironmentVariable, "off");
            Assert.Null(HistoryStore.DefaultPath());
            Environment.SetEnvironmentVariable(HistoryStore.EnvironmentVariable, "elsewhere.sqlite");
            Assert.Equal("elsewhere.sqlite", HistoryStore.DefaultPath());
            Environment.SetEnvironmentVariable(HistoryStore.EnvironmentVariable, null);
            Assert.EndsWith(Path.Combine("jupyter-csharp", "history.sqlite"), HistoryStore.DefaultPath(), StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(HistoryStore.EnvironmentVariable, before);
        }
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A test's own constant.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
