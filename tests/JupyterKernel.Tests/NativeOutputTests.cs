using System.Globalization;
using System.IO.Pipes;
using System.Text;
using JupyterKernel.Supervision;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the reader of a worker's pipe: text, ends of cells, and the crash report of the runtime.</summary>
public sealed class NativeOutputTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly byte[] Token = [.. Enumerable.Range(100, 16).Select(i => (byte)i)];

    [Fact]
    public async Task Text_and_the_ends_of_cells_come_in_order()
    {
        var seen = await ReadAsync(["one\n", Marker(1), "two", Marker(2), Marker(30), "rest"]);

        Assert.Equal(["one\n", "<1>", "two", "<2>", "<30>", "rest"], seen.Events);
        Assert.Empty(seen.CrashReport);
    }

    [Fact]
    public async Task Text_and_markers_are_told_apart_wherever_a_read_ends()
    {
        var bytes = Encoding.UTF8.GetBytes("grün 🦀" + Marker(1) + "\u001e\e[31m" + Marker(23) + "x\u001e");
        for (var split = 1; split < bytes.Length; split++)
        {
            var seen = await ReadChunksAsync(bytes[..split], bytes[split..]);

            Assert.Equal("grün 🦀<1>\u001e\e[31m<23>x\u001e", string.Concat(seen.Events));
        }
    }

    [Fact]
    public async Task Text_and_markers_are_told_apart_where_every_read_gives_a_byte()
    {
        var bytes = Encoding.UTF8.GetBytes("grün 🦀" + Marker(1) + "\u001e" + Marker(23));

        var seen = await ReadChunksAsync([.. bytes.Select(b => new[] { b })]);

        Assert.Equal("grün 🦀<1>\u001e<23>", string.Concat(seen.Events));
    }

    [Theory]
    [InlineData("\u001e")]
    [InlineData("\u001e\u001e\u001e")]
    [InlineData("\u001e00112233445566778899AABBCCDDEEFF:1\u001e")]
    [InlineData("\u001e:1\u001e")]
    public async Task A_marker_without_the_token_is_text(string fake)
    {
        var seen = await ReadAsync([fake, Marker(1), fake]);

        Assert.Equal(fake + "<1>" + fake, string.Concat(seen.Events));
    }

    [Fact]
    public async Task Half_a_marker_at_the_end_is_text()
    {
        var half = Marker(1)[..^1];

        Assert.Equal(half, string.Concat((await ReadAsync([half])).Events));
    }

    [Fact]
    public async Task Colours_and_control_characters_pass() =>
        Assert.Equal("\e[31mred\e[0m\r\b\a\0", string.Concat((await ReadAsync(["\e[31mred\e[0m\r\b\a\0"])).Events));

    [Fact]
    public async Task Invalid_UTF_8_becomes_replacement_characters()
    {
        var seen = await ReadBytesAsync([.. "a"u8, 0xFF, .. "b"u8, 0xED, 0xA0, 0x80, .. "c"u8, .. Encoding.ASCII.GetBytes(Marker(1))]);

        Assert.Equal("a�b���c<1>", string.Concat(seen.Events));
    }

    [Fact]
    public async Task Much_text_comes_whole()
    {
        var text = string.Concat(Enumerable.Range(0, 200_000).Select(i => i.ToString(CultureInfo.InvariantCulture) + "\n"));

        Assert.Equal(text + "<1>", string.Concat((await ReadAsync([text, Marker(1)])).Events));
    }

    public static TheoryData<string> CrashHeaders { get; } =
        ["Unhandled exception.", "Unhandled Exception:", "Stack overflow.", "Process terminated.", "Fatal error.", "Out of memory."];

    [Theory]
    [MemberData(nameof(CrashHeaders))]
    public async Task The_runtimes_crash_report_is_separated_from_the_output(string header)
    {
        var seen = await ReadAsync(["printed\n", header + " why\n   at Somewhere()\n"]);

        Assert.Equal("printed\n", string.Concat(seen.Events));
        Assert.Equal(header + " why\n   at Somewhere()\n", seen.CrashReport);
    }

    [Theory]
    [MemberData(nameof(CrashHeaders))]
    public async Task Text_that_resembles_a_crash_report_is_shown_when_the_cell_ends(string header)
    {
        var seen = await ReadAsync([header + " Or so it seems.\n", Marker(1), "more"]);

        Assert.Equal([header + " Or so it seems.\n", "<1>", "more"], seen.Events);
        Assert.Empty(seen.CrashReport);

        // If the worker crashes now, it was the report of a thread that outlived the cell.
        Assert.Equal(header + " Or so it seems.\nmore", seen.ReleasedReport);
    }

    [Fact]
    public async Task A_header_in_the_middle_of_a_line_is_text()
    {
        var seen = await ReadAsync(["He said: Stack overflow. And so it was."]);

        Assert.Equal("He said: Stack overflow. And so it was.", string.Concat(seen.Events));
        Assert.Empty(seen.CrashReport);
    }

    private static string Marker(long cell) =>
        string.Create(CultureInfo.InvariantCulture, $"\u001e{Convert.ToHexString(Token)}:{cell}\u001e");

    private static Task<Seen> ReadAsync(string[] texts) => ReadBytesAsync(Encoding.UTF8.GetBytes(string.Concat(texts)));

    /// <summary>Reads through a pipe, like a worker's output.</summary>
    private static async Task<Seen> ReadBytesAsync(byte[] bytes)
    {
        await using var reading = new AnonymousPipeServerStream(PipeDirection.In);
        var writing = new AnonymousPipeClientStream(PipeDirection.Out, reading.ClientSafePipeHandle);
        var seen = ReadToEndAsync(reading);
        await using (writing) await writing.WriteAsync(bytes, TestContext.Current.CancellationToken);
        return await seen;
    }

    /// <summary>Reads from a stream that returns one chunk per read, which a pipe does not guarantee.</summary>
    private static Task<Seen> ReadChunksAsync(params byte[][] chunks) => ReadToEndAsync(new ChunkStream(chunks));

    private static async Task<Seen> ReadToEndAsync(System.IO.Stream stream)
    {
        List<string> events = [];
        var output = new NativeOutput(
            stream, Token, text => events.Add(text), cell => events.Add(string.Create(CultureInfo.InvariantCulture, $"<{cell}>")));
        await output.Ended.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        return new(events, output.CrashReport, output.ReleasedReport);
    }

    private sealed record Seen(IReadOnlyList<string> Events, string CrashReport, string ReleasedReport);

    private sealed class ChunkStream(byte[][] chunks) : MemoryStream
    {
        private int next;

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (next == chunks.Length) return 0;
            chunks[next].CopyTo(buffer, offset);
            return chunks[next++].Length;
        }
    }
}
