using System.Security.Cryptography;
using System.Text;
using JupyterKernel.JupyterClient;
using JupyterKernel.Protocol;
using NetMQ;
using NetMQ.Sockets;
using Newtonsoft.Json.Linq;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests a real kernel over its sockets. The tests with Jupyter's own clients cover more than these few.</summary>
public sealed class KernelProtocolTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private KernelClient kernel = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => kernel = await KernelClient.StartAsync(
        [KernelExecutable.Path, "kernel", "--connection-file", ChildKernel.ConnectionFilePlaceholder], cancellation: Cancellation);

    public ValueTask DisposeAsync() => kernel.DisposeAsync();

    [Fact]
    public async Task Kernel_info_contains_the_language_and_the_protocol()
    {
        foreach (var channel in (RequestChannel[])[RequestChannel.Shell, RequestChannel.Control])
        {
            var response = await RequestAsync("kernel_info_request", [], channel);

            Assert.Equal("kernel_info_reply", response.Reply.Header.MsgType);
            Assert.Equal("csharp", (string?)response.Reply.Content["language_info"]!["name"]);
            Assert.Equal(response.Reply.Header.Version, (string?)response.Reply.Content["protocol_version"]);
            AssertBracketed(response.Published);
        }
    }

    [Fact]
    public async Task A_cell_is_echoed_shows_its_result_and_keeps_its_variables()
    {
        var first = await ExecuteAsync("var x = 40;");
        var second = await ExecuteAsync("x + 2");

        Assert.Equal(("ok", 1), ((string?)first.Reply.Content["status"], (int?)first.Reply.Content["execution_count"]));
        Assert.Equal(["status", "execute_input", "status"], Types(first));
        Assert.Equal(["status", "execute_input", "execute_result", "status"], Types(second));
        var result = second.Published[2].Content;
        Assert.Equal(("42", 2), ((string?)result["data"]!["text/plain"], (int?)result["execution_count"]));
        AssertBracketed(second.Published);
    }

    [Fact]
    public async Task The_outputs_of_cells_sent_together_come_in_order_each_under_its_own_request()
    {
        var cells = Enumerable.Range(1, 5)
            .Select(i =>
                ExecuteAsync($"Console.Write(\"a{i}\"); Console.Error.Write(\"b{i}\"); display({i}); Console.Write(\"c{i}\"); {i} + 100"));

        var responses = await Task.WhenAll(cells);

        foreach (var (i, response) in responses.Index().Select(pair => (pair.Index + 1, pair.Item)))
        {
            Assert.Equal(["status", "execute_input", "stream", "stream", "display_data", "stream", "execute_result", "status"],
                Types(response));
            Assert.Equal(
                [$"a{i}", $"b{i}", $"{i}", $"c{i}", $"{i + 100}"],
                response.Published.Skip(2).SkipLast(1)
                    .Select(message => (string?)message.Content["text"] ?? (string?)message.Content["data"]!["text/plain"]));
        }
    }

    [Theory]
    [InlineData("throw new InvalidOperationException(\"told so\");", "InvalidOperationException", "told so")]
    [InlineData("undefined();", "CompileError", "CS0103")]
    public async Task A_failed_cell_reports_its_error_on_iopub_and_in_its_reply(string code, string ename, string evalue)
    {
        var response = await ExecuteAsync(code);

        var error = response.Published.Single(message => message.Header.MsgType == "error").Content;
        foreach (var content in (JObject[])[error, response.Reply.Content])
        {
            Assert.Equal(ename, (string?)content["ename"]);
            Assert.Contains(evalue, (string?)content["evalue"], StringComparison.Ordinal);
            Assert.NotEmpty(content["traceback"]!);
        }

        Assert.Equal("error", (string?)response.Reply.Content["status"]);
    }

    [Fact]
    public async Task A_cell_without_statements_is_fine()
    {
        foreach (var code in (string[])["", " \n", "// nothing but a comment", "using System.Xml.Linq;", "#region\n#endregion"])
        {
            var response = await ExecuteAsync(code);

            Assert.Equal("ok", (string?)response.Reply.Content["status"]);
            Assert.Equal(["status", "execute_input", "status"], Types(response));
        }
    }

    [Fact]
    public async Task Requests_queued_after_a_failed_cell_are_aborted_unless_stop_on_error_is_false()
    {
        var stopping = await Task.WhenAll(ExecuteAsync("Thread.Sleep(200); throw new();"), ExecuteAsync("1"), ExecuteAsync("2"));
        var goingOn = await Task.WhenAll(ExecuteAsync("throw new();", request => request["stop_on_error"] = false), ExecuteAsync("3"));

        Assert.Equal(["error", "aborted", "aborted"], stopping.Select(response => (string?)response.Reply.Content["status"]));
        Assert.Equal(["status", "status"], Types(stopping[2]));
        Assert.Equal(["error", "ok"], goingOn.Select(response => (string?)response.Reply.Content["status"]));
    }

    [Fact]
    public void A_client_without_dates_in_its_messages_is_not_aborted_indefinitely()
    {
        using var shell = new DealerSocket($">tcp://{kernel.Connection.Ip}:{kernel.Connection.ShellPort}");

        Assert.Equal("error", Execute("throw new();"));
        Assert.Equal("ok", Execute("1"));

        string? Execute(string code)
        {
            byte[][] signed =
            [
                Encoding.UTF8.GetBytes(
                    new JObject { ["msg_id"] = code, ["msg_type"] = "execute_request", ["session"] = "undated" }.ToString()),
                "{}"u8.ToArray(), "{}"u8.ToArray(), WireFormat.ToJson(new JObject { ["code"] = code }),
            ];
            var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(kernel.Connection.Key), signed.SelectMany(frame => frame).ToArray());
            shell.SendMultipartBytes(
                [WireFormat.Delimiter.ToArray(), Encoding.ASCII.GetBytes(Convert.ToHexStringLower(signature)), .. signed]);
            List<byte[]> reply = [];
            Assert.True(shell.TryReceiveMultipartBytes(Deadline, ref reply!), "no reply");
            using var wire = new WireFormat(kernel.Connection.Key);
            return (string?)wire.Read(reply).Content["status"];
        }
    }

    [Fact]
    public async Task An_interrupted_cell_ends_with_an_error_and_the_next_one_runs()
    {
        await ExecuteAsync("var kept = 1;");
        var cell =
            kernel.Send(RequestChannel.Shell, "execute_request", new JObject { ["code"] = "Console.WriteLine(\"begun\"); while (true) ;" });
        await foreach (var message in cell.Published.ReadAllAsync(Cancellation))
        {
            if (message.Header.MsgType == "stream") break;
        }

        Assert.Equal("ok", (string?)(await kernel.InterruptAsync().WaitAsync(Deadline, Cancellation)).Content["status"]);

        Assert.Equal("Interrupted", (string?)(await cell.Reply.WaitAsync(Deadline, Cancellation)).Content["ename"]);
        Assert.Equal("1", PlainText(await ExecuteAsync("kept")));
    }

    [Fact]
    public async Task After_a_crash_the_variables_are_back()
    {
        await ExecuteAsync("var kept = new List<int> { 1, 2 }; Console.Write(\"printed once\");");
        await ExecuteAsync("kept.Add(3);");

        var crash = await ExecuteAsync("var lost = 1; Environment.FailFast(\"told so\");");
        var after = await ExecuteAsync("kept.Count");
        var gone = await ExecuteAsync("lost");

        Assert.Equal("WorkerLost", (string?)crash.Reply.Content["ename"]);
        Assert.Contains("told so", (string?)crash.Reply.Content["evalue"], StringComparison.Ordinal);
        Assert.Equal("3", PlainText(after));
        Assert.DoesNotContain("stream", Types(after));
        Assert.Equal("CompileError", (string?)gone.Reply.Content["ename"]);
    }

    [Fact]
    public async Task User_expressions_are_evaluated_after_the_cell_and_fail_one_by_one()
    {
        var response =
            await ExecuteAsync("var x = 20;", request => request["user_expressions"] = new JObject { ["good"] = "x + 1", ["bad"] = "y" });

        var expressions = response.Reply.Content["user_expressions"]!;
        Assert.Equal("ok", (string?)response.Reply.Content["status"]);
        Assert.Equal("21", (string?)expressions["good"]!["data"]!["text/plain"]);
        Assert.Equal("error", (string?)expressions["bad"]!["status"]);
        Assert.Equal(["status", "execute_input", "status"], Types(response));
    }

    [Fact]
    public async Task A_malformed_content_is_answered_with_an_error_and_the_kernel_lives()
    {
        foreach (var (type, content) in (IReadOnlyList<(string, string)>)
            [
                ("execute_request", "{}"), ("execute_request", """{"code":{}}"""),
                ("complete_request", """{"code":"x","cursor_pos":"here"}"""),
                ("inspect_request", """{"code":"x"}"""), ("is_complete_request", "{}"), ("history_request", """{"hist_access_type":[]}"""),
                ("shutdown_request", """{"restart":"perhaps"}"""),
            ])
        {
            var response = await RequestAsync(type, JObject.Parse(content));

            Assert.Equal(type.Replace("_request", "_reply", StringComparison.Ordinal), response.Reply.Header.MsgType);
            Assert.Equal(("error", "MalformedRequest"),
                ((string?)response.Reply.Content["status"], (string?)response.Reply.Content["ename"]));
            AssertBracketed(response.Published);
        }

        Assert.Equal("2", PlainText(await ExecuteAsync("1 + 1")));
    }

    [Fact]
    public async Task A_message_of_an_unknown_type_is_bracketed_by_busy_and_idle_and_not_answered()
    {
        var exchange = kernel.Send(RequestChannel.Shell, "teleport", []);
        await exchange.Over.WaitAsync(Deadline, Cancellation);

        AssertBracketed(await exchange.Published.ReadAllAsync(Cancellation).ToListAsync(Cancellation));
        Assert.False(exchange.Reply.IsCompleted);
    }

    [Fact]
    public async Task The_heartbeat_echoes_while_a_cell_runs()
    {
        var cell = ExecuteAsync("Thread.Sleep(1000);");

        await kernel.BeatAsync().WaitAsync(Deadline, Cancellation);

        Assert.Equal("ok", (string?)(await cell).Reply.Content["status"]);
    }

    [Fact]
    public async Task A_shutdown_is_answered_and_ends_the_process()
    {
        var reply = await kernel.Send(RequestChannel.Control, "shutdown_request", new JObject { ["restart"] = true })
            .Reply.WaitAsync(Deadline, Cancellation);

        Assert.Equal(("shutdown_reply", true), (reply.Header.MsgType, (bool?)reply.Content["restart"]));
        Assert.Equal(0, await kernel.ShutdownAsync(Deadline));
    }

    private Task<Response> ExecuteAsync(string code, Action<JObject>? change = null)
    {
        var request = new JObject { ["code"] = code };
        change?.Invoke(request);
        return RequestAsync("execute_request", request);
    }

    private Task<Response> RequestAsync(string type, JObject content, RequestChannel channel = RequestChannel.Shell) =>
        kernel.RequestAsync(channel, type, content, Cancellation).WaitAsync(Deadline, Cancellation);

    private static IEnumerable<string> Types(Response response) => response.Published.Select(message => message.Header.MsgType);

    private static string? PlainText(Response response)
    {
        var result = response.Published.FirstOrDefault(message => message.Header.MsgType == "execute_result");
        Assert.True(result is not null, response.Reply.Content.ToString());
        return (string?)result.Content["data"]!["text/plain"];
    }

    private static void AssertBracketed(IReadOnlyList<Message> published)
    {
        Assert.Equal("busy", (string?)published[0].Content["execution_state"]);
        Assert.Equal("idle", (string?)published[^1].Content["execution_state"]);
    }
}
