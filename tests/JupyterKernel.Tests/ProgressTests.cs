using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using JupyterKernel.Display;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Display.Progress;
using Xunit;
using static JupyterKernel.Display.Notebook;

namespace JupyterKernel.Tests;

// The host, the clock and the console belong to the whole process, as for DisplayTests.
[Collection(nameof(DisplayTests))]
public sealed class ProgressTests : IDisposable
{
    private readonly FakeHost host = new();
    private readonly FakeTime time = new();

    public ProgressTests()
    {
        NotebookHost.Current = host;
        ProgressScreen.Time = time;
        ProgressScreen.TicksByItself = false;
    }

    public void Dispose()
    {
        NotebookHost.Current = null;
        ProgressScreen.Time = TimeProvider.System;
        ProgressScreen.TicksByItself = true;
        Assert.Equal(0, ProgressScreen.RunningCount);
    }

    // Loops

    [Fact]
    public void A_loop_gets_all_items_and_ends_at_a_hundred_percent()
    {
        var seen = new List<int>();
        foreach (var i in Progress(Enumerable.Range(1, 4), "Squares"))
        {
            seen.Add(i);
            Pass(1);
        }

        Assert.Equal([1, 2, 3, 4], seen);
        Assert.Equal("Squares (4) …", host.Texts[0]);
        Assert.Equal("Squares 100% ██████████████████| 4/4 [00:04, 1.00/s]", host.Texts[^1]);
        Assert.Single(host.Published, shown => !shown.Update);
        Assert.Single(host.Published.Select(shown => shown.DisplayId).Distinct());
        Assert.Equal(1, host.Ids);
    }

    [Fact]
    public void While_it_runs_it_shows_rate_and_time_left()
    {
        foreach (var i in Progress(Enumerable.Range(0, 10), "Reading"))
        {
            if (i == 4) break;
            Pass(2);
        }

        Assert.Equal("Reading  30% █████▍            | 3/10 [00:08<00:12, 2.00 s each]", host.Texts[^2]);
        Assert.Equal("Reading  40% ███████▏          | 4/10 [00:08, 2.00 s each] stopped", host.Texts[^1]);
    }

    [Fact]
    public void An_item_counts_when_its_turn_is_over()
    {
        var counts = new List<string>();
        foreach (var _ in Progress(Enumerable.Range(0, 3)))
        {
            Pass(1);
            counts.Add(host.Texts[^1]);
        }

        Assert.Equal(["  0%", " 33%", " 66%"], counts.Select(text => text[..4]));
    }

    [Fact]
    public void An_exception_leaves_the_bar_where_it_was()
    {
        Assert.Throws<FormatException>(() =>
        {
            foreach (var i in Progress(Enumerable.Range(0, 10))) if (i == 5) throw new FormatException();
        });
        Assert.Contains("5/10", host.Texts[^1], StringComparison.Ordinal);
        Assert.EndsWith("stopped", host.Texts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_exception_of_the_sequence_leaves_the_bar_where_it_was()
    {
        Assert.Throws<FormatException>(() => Progress(Failing(), total: 3).ToList());
        Assert.Contains("1/3", host.Texts[^1], StringComparison.Ordinal);
        Assert.EndsWith("stopped", host.Texts[^1], StringComparison.Ordinal);

        static IEnumerable<int> Failing()
        {
            yield return 1;
            throw new FormatException();
        }
    }

    [Fact]
    public void The_sequence_is_enumerated_once_lazily_and_disposed_of()
    {
        var source = new Watched(5);
        var items = Progress(source);
        Assert.Equal(0, source.Enumerated);
        Assert.Empty(host.Published);

        Assert.Equal(2, items.Take(2).Count());
        Assert.Equal((1, 2, 1), (source.Enumerated, source.Given, source.Disposed));
        Assert.EndsWith("stopped", host.Texts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_length_is_known_where_the_sequence_knows_it()
    {
        Assert.Equal("0/3", Begun(new[] { 1, 2, 3 }));
        Assert.Equal("0/3", Begun(new HashSet<int> { 1, 2, 3 }));
        Assert.Equal("0/3", Begun(Enumerable.Range(0, 3).Select(i => i + 1)));
        Assert.Equal("0/5", Begun(new Watched(5)));
        Assert.Equal("0", Begun(Endless()));
        Assert.Equal("0/7", Begun(Endless(), total: 7));

        string Begun(IEnumerable<int> items, long? total = null)
        {
            using var enumerator = Progress(items, total: total).GetEnumerator();
            enumerator.MoveNext();
            return Details(host.Published[^1].Bundle)[0];
        }

        static IEnumerable<int> Endless()
        {
            while (true) yield return 1;
        }
    }

    [Fact]
    public void Without_a_length_it_counts()
    {
        foreach (var i in Progress(Numbers(), "Lines")) Pass(0.5);
        Assert.Equal("Lines …", host.Texts[0]);
        Assert.Equal("Lines 2 [00:01, 2.00/s]", host.Texts[^2]);
        Assert.Equal("Lines 3 [00:01, 2.00/s]", host.Texts[^1]);

        static IEnumerable<int> Numbers()
        {
            for (var i = 0; i < 3; i++) yield return i;
        }
    }

    [Fact]
    public void More_items_than_were_said_are_counted_without_an_end()
    {
        foreach (var _ in Progress(Enumerable.Range(0, 3), total: 2)) Pass(1);
        Assert.Equal("3 [00:03, 1.00/s]", host.Texts[^1]);
    }

    [Fact]
    public void No_items_are_done_at_once()
    {
        foreach (var _ in Progress(Array.Empty<int>(), "None")) Assert.Fail();
        Assert.Equal("None 100% ██████████████████| 0/0 [00:00]", host.Texts[^1]);
    }

    [Fact]
    public void Invalid_arguments_are_reported_at_the_call()
    {
        Assert.Throws<ArgumentNullException>(() => Progress((IEnumerable<int>)null!));
        Assert.Throws<ArgumentNullException>(() => Progress((IAsyncEnumerable<int>)null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => Progress(new[] { 1 }, total: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProgressBar(total: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProgressBar(total: double.NaN));
        Assert.Empty(host.Published);
    }

    [Fact]
    public async Task Awaited_items_have_a_bar_too()
    {
        var seen = 0;
        await foreach (var i in Progress(Later(TestContext.Current.CancellationToken), "Rows", total: 4))
        {
            seen += i;
            Pass(1);
        }

        Assert.Equal(6, seen);
        Assert.Equal("Rows 100% ██████████████████| 4/4 [00:04, 1.00/s]", host.Texts[^1]);
    }

    [Fact]
    public async Task Awaited_items_that_are_left_early_stop_the_bar_and_are_disposed_of()
    {
        cleaned = false;
        await foreach (var i in Progress(Later(TestContext.Current.CancellationToken), total: 4)) if (i == 2) break;
        Assert.Contains("2/4", host.Texts[^1], StringComparison.Ordinal);
        Assert.EndsWith("stopped", host.Texts[^1], StringComparison.Ordinal);
        Assert.True(cleaned);
    }

    [Fact]
    public async Task Awaited_items_get_the_loops_token()
    {
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var i in Progress(Later(TestContext.Current.CancellationToken)).WithCancellation(source.Token))
            {
                if (i == 1) await source.CancelAsync();
            }
        });
    }

    private bool cleaned;

    private async IAsyncEnumerable<int> Later([EnumeratorCancellation] CancellationToken token = default)
    {
        try
        {
            for (var i = 0; i < 4; i++)
            {
                token.ThrowIfCancellationRequested();
                await Task.Yield();
                yield return i;
            }
        }
        finally
        {
            cleaned = true;
        }
    }

    [Fact]
    public async Task An_interrupt_stops_the_bar_of_a_loop_that_is_left_awaiting()
    {
        var forever = new TaskCompletionSource();
        _ = Loop();
        await host.Source.CancelAsync();
        Assert.Contains("1/4", host.Texts[^1], StringComparison.Ordinal);
        Assert.EndsWith("stopped", host.Texts[^1], StringComparison.Ordinal);

        async Task Loop()
        {
            await foreach (var i in Progress(Now(), total: 4)) if (i == 1) await forever.Task;
        }

        static async IAsyncEnumerable<int> Now()
        {
            for (var i = 0; i < 4; i++) yield return i;
        }
    }

    // Nested loops

    [Fact]
    public void Loops_within_a_loop_share_its_display_and_one_line()
    {
        foreach (var i in Progress(Enumerable.Range(0, 50), "outer"))
        {
            foreach (var j in Progress(Enumerable.Range(0, 4), $"inner {i}")) Pass(0.1);
        }

        Assert.Equal(1, host.Ids);
        Assert.Single(host.Published, shown => !shown.Update);
        Assert.Contains(host.Texts, text => text.Split('\n') is [var outer, var inner]
            && outer.Contains("20/50", StringComparison.Ordinal) && inner.StartsWith("  inner 20", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Texts, text => text.Split('\n').Length > 2);
        Assert.StartsWith("outer 100%", host.Texts[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("inner", host.Texts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Where_it_stops_the_inner_loop_is_shown_too()
    {
        foreach (var i in Progress(Enumerable.Range(0, 5), "outer"))
        {
            foreach (var j in Progress(Enumerable.Range(0, 4), "inner"))
            {
                if (i == 2 && j == 1) goto end;
            }
        }

        end:
        var lines = host.Texts[^1].Split('\n');
        Assert.Contains("2/5", lines[0], StringComparison.Ordinal);
        Assert.Contains("inner  25%", lines[1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.EndsWith("stopped", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Loops_one_after_the_other_have_displays_of_their_own()
    {
        foreach (var _ in Progress(Enumerable.Range(0, 2))) { }
        foreach (var _ in Progress(Enumerable.Range(0, 2))) break;
        foreach (var _ in Progress(Enumerable.Range(0, 2))) { }
        Assert.Equal(3, host.Ids);
        Assert.Equal(3, host.Published.Count(shown => !shown.Update));
    }

    [Fact]
    public async Task Loops_of_parallel_bodies_have_a_line_each_below_the_outer_one()
    {
        using var all = new Barrier(3);
        foreach (var _ in Progress(new[] { 1 }, "outer"))
        {
            await Task.WhenAll(Enumerable.Range(0, 3).Select(n => Task.Run(() =>
            {
                foreach (var i in Progress(new[] { 1, 2 }, $"inner {n}"))
                {
                    all.SignalAndWait();
                    if (n == 0 && i == 2) Pass(1);
                    all.SignalAndWait();
                }
            })));
        }

        Assert.Equal(1, host.Ids);
        Assert.Contains(host.Texts, text => text.Split('\n').Length == 4);
        Assert.DoesNotContain("inner", host.Texts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_number_of_shown_lines_is_limited()
    {
        var inner = new List<DisplayedProgress>();
        foreach (var _ in Progress(new[] { 1 }, "outer"))
        {
            for (var i = 0; i < 20; i++) inner.Add(ProgressBar($"{i}", total: 2));
            Pass(1);
            Assert.Equal(13, host.Texts[^1].Split('\n').Length);
            Assert.EndsWith("and 9 more", host.Texts[^1], StringComparison.Ordinal);
            inner.ForEach(bar => bar.Dispose());
        }
    }

    // Handles

    [Fact]
    public void A_handle_counts_out_of_its_total()
    {
        using (var bar = ProgressBar("Copying", total: 100))
        {
            time.Pass(1);
            bar.Report(5);
            bar.Increment();
            bar.Increment(1.5);
            Assert.Equal(7.5, bar.Value);
            Pass(0);
            Assert.Equal("Copying   7% █▎                | 7.5/100 [00:01<00:12, 7.50/s]", host.Texts[^1]);
            bar.Label = "Still copying";
            Pass(0);
            Assert.StartsWith("Still copying", host.Texts[^1], StringComparison.Ordinal);
            bar.Report(50);
        }
        Assert.Contains("50/100", host.Texts[^1], StringComparison.Ordinal);
        Assert.EndsWith("stopped", host.Texts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_handle_without_a_total_takes_fractions()
    {
        using var bar = ProgressBar("Training");
        time.Pass(10);
        Give(bar, 0.25);
        Pass(0);
        Assert.Equal("Training  25% ████▌             | [00:10<00:30]", host.Texts[^1]);
        Give(bar, double.NaN);
        Give(bar, 7);
        Assert.Equal("Training 100% ██████████████████| [00:10]", host.Texts[^1]);

        static void Give(IProgress<double> progress, double value) => progress.Report(value);
    }

    [Fact]
    public void A_handle_without_a_total_counts_whole_numbers()
    {
        var bar = ProgressBar("Bytes");
        ((IProgress<long>)bar).Report(3_000_000_000);
        ((IProgress<int>)bar).Report(2_000_000);
        bar.Increment();
        time.Pass(2);
        bar.Dispose();
        Assert.Equal("Bytes 2,000,001 [00:02, 1.00M/s]", host.Texts[^1]);
    }

    [Fact]
    public void The_total_is_shown_at_once_and_may_be_passed()
    {
        using var bar = ProgressBar(total: 3);
        bar.Report(3);
        Assert.StartsWith("100%", host.Texts[^1], StringComparison.Ordinal);
        time.Pass(60);
        Pass(0);
        Assert.Equal(0, ProgressScreen.RunningCount);
        bar.Report(4);
        Pass(0);
        Assert.Equal("4", Details(host.Published[^1].Bundle)[0]);
        bar.Report(1);
        Pass(0);
        Assert.Equal("1/3", Details(host.Published[^1].Bundle)[0]);
    }

    [Fact]
    public void Reports_after_the_end_are_ignored()
    {
        var bar = ProgressBar("x", total: 3);
        bar.Report(1);
        bar.Dispose();
        var shown = host.Published.Count;
        bar.Report(2);
        bar.Report(0.5);
        bar.Increment();
        bar.Label = "y";
        bar.Dispose();
        Pass(1);
        Assert.Equal(shown, host.Published.Count);
        Assert.StartsWith("x  33%", bar.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Increments_of_many_threads_all_count()
    {
        using var bar = ProgressBar("all", total: 40_000);
        Parallel.For(0, 40_000, _ => bar.Increment());
        Assert.Equal(40_000, bar.Value);
        Assert.Contains("40,000/40,000", host.Texts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupt_stops_a_handle_that_is_not_disposed_of()
    {
        var bar = ProgressBar("x", total: 3);
        bar.Report(1);
        await host.Source.CancelAsync();
        Assert.EndsWith("stopped", host.Texts[^1], StringComparison.Ordinal);
        GC.KeepAlive(bar);
    }

    [Fact]
    public void The_clock_of_an_unused_handle_is_paused()
    {
        var bar = ProgressBar("x", total: 3);
        for (var i = 0; i < 100; i++) Pass(1);
        Assert.Equal(0, ProgressScreen.RunningCount);
        bar.Report(1);
        Pass(0);
        Assert.Contains("1/3", host.Texts[^1], StringComparison.Ordinal);
        bar.Dispose();
    }

    [Fact]
    public void An_unreachable_bar_stops()
    {
        Abandon();
        GC.Collect();
        Pass(1);
        Assert.EndsWith("stopped", host.Texts[^1], StringComparison.Ordinal);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Abandon() => Progress(new[] { 1, 2 }).GetEnumerator().MoveNext();
    }

    [Fact]
    public void A_handle_is_text_and_html_like_any_value()
    {
        using var bar = ProgressBar("x", total: 4);
        bar.Report(1);
        Assert.StartsWith("x  25% ", Formatter.Format(bar).Data["text/plain"] as string, StringComparison.Ordinal);
    }

    // Updates

    [Fact]
    public void Unchanged_bars_are_not_shown_again()
    {
        using var bar = ProgressBar(total: 10);
        for (var i = 0; i < 9; i++) Pass(0.1);
        Assert.Single(host.Published);
        Pass(0.2);
        Assert.Equal(2, host.Published.Count);
    }

    [Fact]
    public void Many_bars_are_updated_in_turn()
    {
        var bars = Enumerable.Range(0, 10).Select(i => ProgressBar($"{i}", total: 100)).ToList();
        host.Published.Clear();
        foreach (var bar in bars) bar.Report(1);
        ProgressScreen.Tick();
        Assert.Equal(ProgressScreen.UpdatesPerTick, host.Published.Count);
        foreach (var bar in bars) bar.Report(2);
        ProgressScreen.Tick();
        Assert.Equal(10, host.Published.Select(shown => shown.DisplayId).Distinct().Count());
        bars.ForEach(bar => bar.Dispose());
        Assert.All(bars, bar => Assert.Contains("2/100", bar.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void The_thread_that_draws_ends_with_the_last_bar()
    {
        ProgressScreen.TicksByItself = true;
        ProgressScreen.Time = TimeProvider.System;
        foreach (var i in Progress(Enumerable.Range(0, 10)))
        {
            if (i == 3) Assert.True(SpinWait.SpinUntil(() => host.Texts[^1].Contains("3/10", StringComparison.Ordinal), 60_000));
            Assert.True(ProgressScreen.HasTicker);
        }
        Assert.Contains("10/10", host.Texts[^1], StringComparison.Ordinal);
        Assert.True(SpinWait.SpinUntil(() => !ProgressScreen.HasTicker, 60_000));
    }

    [Fact]
    public void Items_cost_no_memory()
    {
        using var items = Progress(Enumerable.Range(0, 1_000_000)).GetEnumerator();
        for (var i = 0; i < 1000; i++) items.MoveNext();
        var before = GC.GetAllocatedBytesForCurrentThread();
        while (items.Current < 900_000) items.MoveNext();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    // Appearance

    [Fact]
    public void Labels_are_escaped_and_one_line()
    {
        var bar = ProgressBar("<b>&\r\n\"x\" \ud800 🐱", total: 2);
        Assert.Equal("<b>&  \"x\" \ufffd 🐱 (2) …", host.Texts[0]);
        var html = (string)host.Published[0].Bundle.Data["text/html"];
        Assert.DoesNotContain("<b>", html, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;&amp;  &quot;x&quot;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<style", html, StringComparison.Ordinal);
        bar.Label = new string('x', 100_000);
        Pass(0);
        Assert.True(host.Published[^1].Bundle.DataJson().Length < 3000);
        bar.Label = null!;
        Assert.Equal("", bar.Label);
        bar.Dispose();
    }

    public static TheoryData<double, double, string> Ends => new()
    {
        { 0.5, 3661, "1:01:01" },
        { 1, 150, "150 s each" },
        { 10, 90_000, "1d 01:00:00" },
        { 1234567, 1, "1.23M/s" },
        { 5_000, 1, "5.00k/s" },
        { 500, 1, "500/s" },
        { 42, 3600, "1:00:00" },
    };

    [Theory]
    [MemberData(nameof(Ends), DisableDiscoveryEnumeration = true)]
    public void Times_and_rates_are_short(double count, double seconds, string expected)
    {
        using (var bar = ProgressBar(total: count + 1))
        {
            bar.Increment(count);
            time.Pass(seconds);
        }
        Assert.Contains(expected, host.Texts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_time_left_is_smoothed_and_goes_down_while_an_item_takes_its_time()
    {
        using var bar = ProgressBar(total: 100);
        for (var i = 0; i < 20; i++)
        {
            bar.Increment();
            Pass(i % 2 == 0 ? 0.5 : 1.5);
        }
        var left = Left();
        Assert.InRange(left, 60, 100);
        Pass(1);
        Assert.Equal(left - 1, Left(), 1.1);
        Pass(30);
        Assert.InRange(Left(), 55, left);

        double Left()
        {
            var text = Details(host.Published[^1].Bundle)[2].Replace(" left", "", StringComparison.Ordinal).Split(':');
            return TimeSpan.Parse($"0:{text[0]}:{text[1]}", CultureInfo.InvariantCulture).TotalSeconds;
        }
    }

    // Without a notebook

    [Fact]
    public void In_a_program_the_last_state_is_written()
    {
        var written = InProgram(isTerminal: false, () =>
        {
            foreach (var _ in Progress(Enumerable.Range(0, 2), "Outer"))
            {
                foreach (var i in Progress(Enumerable.Range(0, 2), "Inner")) Pass(1);
            }
        });
        Assert.Equal($"Outer 100% ██████████████████| 2/2 [00:04, 2.00 s each]{Environment.NewLine}", written);
    }

    [Fact]
    public void In_a_terminal_the_line_is_written_over()
    {
        var written = InProgram(isTerminal: true, () =>
        {
            foreach (var _ in Progress(Enumerable.Range(0, 2), "Outer")) Pass(1);
        });
        var states = written.Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("Outer   0%", states[0], StringComparison.Ordinal);
        Assert.Equal("Outer 100% ██████████████████| 2/2 [00:02, 1.00/s]", states[^1].TrimEnd());
        Assert.EndsWith(Environment.NewLine, written, StringComparison.Ordinal);
        Assert.Equal(1, written.Count(c => c == '\n'));
    }

    private static string InProgram(bool isTerminal, Action program)
    {
        NotebookHost.Current = null;
        var (console, terminal) = (Console.Out, ProgressConsole.IsTerminal);
        var written = new StringWriter();
        Console.SetOut(written);
        ProgressConsole.IsTerminal = isTerminal;
        try
        {
            program();
        }
        finally
        {
            Console.SetOut(console);
            ProgressConsole.IsTerminal = terminal;
        }
        return written.ToString();
    }

    /// <summary>Advances the clock; changes up to then are drawn.</summary>
    private void Pass(double seconds)
    {
        ProgressScreen.Tick();
        time.Pass(seconds);
        ProgressScreen.Tick();
    }

    private static string[] Details(MimeBundle bundle)
    {
        var html = (string)bundle.Data["text/html"];
        html = html[..html.LastIndexOf("</span>", StringComparison.Ordinal)];
        return html[(html.LastIndexOf('>') + 1)..].Split(" · ");
    }

    private sealed class FakeHost : INotebookHost
    {
        private readonly List<(MimeBundle Bundle, string? DisplayId, bool Update)> published = [];

        internal List<(MimeBundle Bundle, string? DisplayId, bool Update)> Published => published;
        internal List<string> Texts
        {
            get
            {
                lock (published) return published.Select(shown => shown.Bundle.ToString()).ToList();
            }
        }

        internal int Ids { get; private set; }
        internal CancellationTokenSource Source { get; } = new();
        public CancellationToken CancellationToken => Source.Token;
        public string NewId(string kind) => $"id-{++Ids}";
        public void ClearOutput(bool wait) => throw new NotSupportedException();
        public string ReadInput(string prompt, bool password) => throw new NotSupportedException();
        public void PostComm(string type, string id, string target, byte[] data, byte[] metadata, IReadOnlyList<byte[]> buffers) =>
            throw new NotSupportedException();
        public void ListenForComms(string target) => throw new NotSupportedException();

        public void Publish(MimeBundle bundle, string? displayId, bool update)
        {
            lock (published) published.Add((bundle, displayId, update));
        }
    }

    private sealed class FakeTime : TimeProvider
    {
        private long now = Stopwatch.Frequency;
        public override long TimestampFrequency => Stopwatch.Frequency;
        public override long GetTimestamp() => Interlocked.Read(ref now);
        internal void Pass(double seconds) => Interlocked.Add(ref now, (long)(seconds * Stopwatch.Frequency));
    }

    private sealed class Watched(int count) : IReadOnlyCollection<int>
    {
        internal int Enumerated, Given, Disposed;
        public int Count => count;

        public IEnumerator<int> GetEnumerator()
        {
            Enumerated++;
            try
            {
                for (var i = 0; i < count; i++)
                {
                    Given++;
                    yield return i;
                }
            }
            finally
            {
                Disposed++;
            }
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
