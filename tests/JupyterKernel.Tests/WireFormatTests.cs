using System.Text;
using JupyterKernel.Protocol;
using Newtonsoft.Json.Linq;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests frames to messages and back: any foreign data is rejected with a MalformedMessageException.</summary>
public sealed class WireFormatTests : IDisposable
{
    private const int SignatureIndex = 2;
    private const int HeaderIndex = 3;
    private const int ContentIndex = 6;

    private static readonly byte[] Header = Json("""{"msg_id":"1","msg_type":"execute_request"}""");

    private readonly WireFormat wire = new("secret");
    private readonly WireFormat unsigned = new("");

    public void Dispose()
    {
        wire.Dispose();
        unsigned.Dispose();
    }

    [Fact]
    public void What_is_written_is_read()
    {
        var frames = wire.Write([[1], [2, 3]], "stream", Header, Json("""{"text":"Grüße 🦀"}"""), Json("""{"a":1}"""), [[0, 255], []]);

        var message = wire.Read(frames);

        Assert.Equal([[1], [2, 3]], message.Identities);
        Assert.Equal("stream", message.Header.MsgType);
        Assert.Equal("5.5", message.Header.Version);
        Assert.Equal(frames[4], message.HeaderFrame);
        Assert.Equal("1", (string?)message.ParentHeader["msg_id"]);
        Assert.Equal(1, (int?)message.Metadata["a"]);
        Assert.Equal("Grüße 🦀", (string?)message.Content["text"]);
        Assert.Equal([[0, 255], []], message.Buffers);
    }

    [Fact]
    public void The_frames_are_those_of_the_specification()
    {
        var frames = wire.Write([[1]], "status", null, Json("{}"));

        Assert.Equal([1], frames[0]);
        Assert.Equal("<IDS|MSG>"u8, frames[1]);
        Assert.Matches("^[0-9a-f]{64}$", Encoding.ASCII.GetString(frames[SignatureIndex]));
        Assert.Equal(["msg_id", "msg_type", "session", "username", "date", "version"],
            Parse(frames[HeaderIndex]).Properties().Select(member => member.Name));
        Assert.Equal("{}", Encoding.UTF8.GetString(frames[4]));
        Assert.Equal("{}", Encoding.UTF8.GetString(frames[5]));
        Assert.Equal(ContentIndex + 1, frames.Count);
    }

    [Fact]
    public void The_signature_is_the_HMAC_SHA256_of_the_four_JSON_frames()
    {
        var frames = wire.Write([[1]], "status", Header, Json("{}"), buffers: [[9]]);

        var expected = System.Security.Cryptography.HMACSHA256.HashData(
            "secret"u8, [.. frames[3], .. frames[4], .. frames[5], .. frames[6]]);

        Assert.Equal(Convert.ToHexStringLower(expected), Encoding.ASCII.GetString(frames[SignatureIndex]));
    }

    [Theory]
    [InlineData("hmac-md5", "MD5")]
    [InlineData("hmac-sha1", "SHA1")]
    [InlineData("hmac-sha256", "SHA256")]
    [InlineData("hmac-sha384", "SHA384")]
    [InlineData("hmac-sha512", "SHA512")]
    [InlineData("hmac-sha3_256", "SHA3-256")]
    [InlineData("hmac-sha3_384", "SHA3-384")]
    [InlineData("hmac-sha3_512", "SHA3-512")]
    public void Every_hash_of_the_framework_signs(string scheme, string hash)
    {
        Assert.SkipWhen(hash.StartsWith("SHA3", StringComparison.Ordinal)
            && !System.Security.Cryptography.SHA3_256.IsSupported, "this system has no SHA-3");
        using var other = new WireFormat("secret", scheme);

        var frames = other.Write([[1]], "status", Header, Json("{}"));

        var expected = System.Security.Cryptography.CryptographicOperations.HmacData(
            new(hash), "secret"u8, [.. frames[3], .. frames[4], .. frames[5], .. frames[6]]);
        Assert.Equal(Convert.ToHexStringLower(expected), Encoding.ASCII.GetString(frames[SignatureIndex]));
        Assert.Equal("status", other.Read(frames).Header.MsgType);
    }

    [Fact]
    public void Every_message_has_an_id_of_its_own_and_all_have_one_session()
    {
        var headers = Enumerable.Range(0, 100).Select(_ => wire.Read(wire.Write([], "status", null, Json("{}"))).Header).ToList();

        Assert.Equal(100, headers.Select(header => header.MsgId).Distinct().Count());
        Assert.Single(headers.Select(header => header.Session).Distinct());
    }

    [Fact]
    public void A_change_of_any_signed_byte_is_detected()
    {
        var frames = wire.Write([[1]], "execute_request", Header, Json("""{"code":"1+1"}"""));
        for (var frame = SignatureIndex; frame <= ContentIndex; frame++)
        {
            for (var i = 0; i < frames[frame].Length; i++)
            {
                frames[frame][i] ^= 1;
                Assert.Throws<MalformedMessageException>(() => wire.Read(frames));
                frames[frame][i] ^= 1;
            }
        }

        Assert.Equal("1+1", (string?)wire.Read(frames).Content["code"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("not even hexadecimal")]
    public void A_message_with_a_wrong_signature_is_malformed(string signature)
    {
        var frames = wire.Write([[1]], "status", null, Json("{}"));
        frames[SignatureIndex] = Encoding.ASCII.GetBytes(signature);

        Assert.Throws<MalformedMessageException>(() => wire.Read(frames));
    }

    [Fact]
    public void A_message_signed_with_another_key_is_malformed_and_the_error_does_not_show_the_key()
    {
        using var other = new WireFormat("another");

        var malformed = Assert.Throws<MalformedMessageException>(() => wire.Read(other.Write([[1]], "status", null, Json("{}"))));

        Assert.DoesNotContain("secret", malformed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_rejected_message_the_next_valid_one_is_read()
    {
        var good = wire.Write([[1]], "status", null, Json("{}"));
        List<byte[]> bad = [.. good];
        bad[ContentIndex] = Json("[]");

        Assert.Throws<MalformedMessageException>(() => wire.Read(bad));
        Assert.Equal("status", wire.Read(good).Header.MsgType);
    }

    [Fact]
    public void A_copy_of_a_message_is_rejected_even_with_other_identities_and_buffers()
    {
        var frames = wire.Write([[1]], "execute_request", null, Json("{}"));

        wire.Read(frames);

        Assert.Contains("copy", Assert.Throws<MalformedMessageException>(() => wire.Read(frames)).Message, StringComparison.Ordinal);
        Assert.Throws<MalformedMessageException>(() => wire.Read([[2], .. frames.Skip(1), [9]]));
        wire.Read(wire.Write([[1]], "execute_request", null, Json("{}")));
    }

    [Fact]
    public void The_signatures_kept_are_bounded_and_the_latest_ones()
    {
        var signatures = new AcceptedSignatures();
        for (var number = 0; number <= AcceptedSignatures.Limit; number++) Assert.True(signatures.Add(Signature(number)));

        for (var number = 1; number <= AcceptedSignatures.Limit; number++) Assert.False(signatures.Add(Signature(number)));
        Assert.True(signatures.Add(Signature(0)));

        static byte[] Signature(int number) => Encoding.ASCII.GetBytes($"{number:x32}{0:x32}");
    }

    [Fact]
    public void Without_a_key_a_message_can_be_read_again()
    {
        var frames = unsigned.Write([[1]], "status", null, Json("{}"));

        unsigned.Read(frames);

        Assert.Equal("status", unsigned.Read(frames).Header.MsgType);
    }

    [Fact]
    public void An_empty_key_turns_signing_off()
    {
        var frames = unsigned.Write([[1]], "status", null, Json("{}"));
        Assert.Empty(frames[SignatureIndex]);

        frames[SignatureIndex] = Json("anything");

        Assert.Equal("status", unsigned.Read(frames).Header.MsgType);
    }

    [Fact]
    public void A_message_without_all_its_frames_is_malformed()
    {
        var frames = wire.Write([[1]], "status", null, Json("{}"));
        for (var missing = 0; missing < frames.Count; missing++)
        {
            // Without identities a message is complete.
            if (missing == 0) continue;
            Assert.Throws<MalformedMessageException>(() => wire.Read([.. frames.Where((_, i) => i != missing)]));
            Assert.Throws<MalformedMessageException>(() => wire.Read(frames[..missing]));
            Assert.Throws<MalformedMessageException>(() => unsigned.Read(frames[..missing]));
        }

        Assert.Throws<MalformedMessageException>(() => wire.Read([]));
    }

    public static TheoryData<string, byte[]> HostileFrames { get; } = new()
    {
        { "empty", [] },
        { "not UTF-8", [(byte)'{', (byte)'"', 0xFF, 0xFE, (byte)'"', (byte)':', (byte)'1', (byte)'}'] },
        { "half a character", [(byte)'{', (byte)'}', 0xC3] },
        { "UTF-8 of a lone surrogate", [.. "{\"a\":\""u8, 0xED, 0xA0, 0x80, .. "\"}"u8] },
        { "no JSON", Json("hello") },
        { "half an object", Json("{\"a\":") },
        { "null", Json("null") },
        { "array", Json("[]") },
        { "string", Json("\"{}\"") },
        { "number", Json("1") },
        { "text behind its end", Json("{} {}") },
        { "200,000 arrays", Json("{\"a\":" + new string('[', 200_000) + new string(']', 200_000) + "}") },
        { "200,000 open objects", Json(string.Concat(Enumerable.Repeat("{\"a\":", 200_000))) },
        { "a number of 100,000 digits", Json("{\"a\":" + new string('9', 100_000) + "}") },
    };

    [Theory]
    [MemberData(nameof(HostileFrames))]
    public void A_frame_that_is_not_a_JSON_object_is_malformed_and_the_error_names_it(string what, byte[] frame)
    {
        foreach (var (index, name) in (ReadOnlySpan<(int, string)>)[(3, "header"), (4, "parent header"), (5, "metadata"), (6, "content")])
        {
            List<byte[]> frames = [[1], WireFormat.Delimiter.ToArray(), [], Header, Json("{}"), Json("{}"), Json("{}")];
            frames[index] = frame;

            var thrown = Record.Exception(() => unsigned.Read(frames));

            Assert.True(thrown is MalformedMessageException, $"{what} as {name}: {thrown}");
            Assert.Contains(name, thrown.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("{}", "msg_id")]
    [InlineData("""{"msg_id":"1"}""", "msg_type")]
    [InlineData("""{"msg_id":null,"msg_type":"x"}""", "msg_id")]
    [InlineData("""{"msg_id":"1","msg_type":{}}""", "msg_type")]
    [InlineData("""{"msg_id":"1","msg_type":"x","session":[]}""", "session")]
    public void A_header_without_required_members_is_malformed(string header, string member)
    {
        var malformed = Assert.Throws<MalformedMessageException>(
            () => unsigned.Read([WireFormat.Delimiter.ToArray(), [], Json(header), Json("{}"), Json("{}"), Json("{}")]));

        Assert.Contains(member, malformed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dates_in_a_message_stay_text()
    {
        var frames = unsigned.Write([], "x", null, Json("""{"date":"2020-01-02T03:04:05Z"}"""));

        Assert.Equal(JTokenType.String, unsigned.Read(frames).Content["date"]!.Type);
    }

    [Fact]
    public void A_lone_surrogate_comes_in_and_goes_out_as_valid_UTF_8()
    {
        var content = unsigned.Read(unsigned.Write([], "x", null, Json("""{"code":"a\ud800b"}"""))).Content;
        Assert.Equal("a\ufffdb", WireFormat.FromJson<ExecuteRequest>(content).Code);

        var written = WireFormat.ToJson(new JupyterKernel.Protocol.Stream("stdout", "a\ud800b"));

        Assert.Equal("""{"name":"stdout","text":"a�b"}""", new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(written));
    }

    public static TheoryData<object, string> WrittenContents { get; } = new()
    {
        { StatusReply.Ok, """{"status":"ok"}""" },
        { StatusReply.Aborted, """{"status":"aborted"}""" },
        { new ErrorReply("E", "v", ["t"]), """{"ename":"E","evalue":"v","traceback":["t"],"status":"error"}""" },
        { new ExecuteReply(1, new JObject { ["KeyOfUser"] = 1 }, []),
            """{"execution_count":1,"user_expressions":{"KeyOfUser":1},"payload":[],"status":"ok"}""" },
        { new ExecuteErrorReply(1, "E", "v", []), """{"execution_count":1,"ename":"E","evalue":"v","traceback":[],"status":"error"}""" },
        { new InspectReply(true, new JObject { ["text/plain"] = "x" }, []),
            """{"found":true,"data":{"text/plain":"x"},"metadata":{},"status":"ok"}""" },
        { new CompleteReply(["a"], 1, 2, []), """{"matches":["a"],"cursor_start":1,"cursor_end":2,"metadata":{},"status":"ok"}""" },
        { new HistoryReply([new JArray(1, 2, "x")]), """{"history":[[1,2,"x"]],"status":"ok"}""" },
        { new IsCompleteReply("incomplete", "  "), """{"status":"incomplete","indent":"  "}""" },
        { new IsCompleteReply("complete", null), """{"status":"complete"}""" },
        { new CommInfoReply([]), """{"comms":{},"status":"ok"}""" },
        {
            new KernelInfoReply("5.5", "i", "1", new LanguageInfo("C#", "14.0", "m", ".cs", "p", "c", "n"), "b", false,
                [new HelpLink("t", "u")], ["f"]),
            """{"protocol_version":"5.5","implementation":"i","implementation_version":"1","""
                + """ "language_info":{"name":"C#","version":"14.0","mimetype":"m","file_extension":".cs","pygments_lexer":"p","""[1..]
                + """ "codemirror_mode":"c","nbconvert_exporter":"n"},"banner":"b","debugger":false,"""[1..]
                + """ "help_links":[{"text":"t","url":"u"}],"supported_features":["f"],"status":"ok"}"""[1..]
        },
        { new ConnectReply(1, 2, 3, 4, 5),
            """{"shell_port":1,"iopub_port":2,"stdin_port":3,"hb_port":4,"control_port":5,"status":"ok"}""" },
        { new ShutdownReply(true), """{"restart":true,"status":"ok"}""" },
        { new JupyterKernel.Protocol.Stream("stdout", "x"), """{"name":"stdout","text":"x"}""" },
        { new ExecuteInput("1+1", 2), """{"code":"1+1","execution_count":2}""" },
        { new Error("E", "v", ["t"]), """{"ename":"E","evalue":"v","traceback":["t"]}""" },
        { Status.Busy, """{"execution_state":"busy"}""" },
        { Status.Idle, """{"execution_state":"idle"}""" },
        { Status.Starting, """{"execution_state":"starting"}""" },
        { new ClearOutput(true), """{"wait":true}""" },
        { new IopubWelcome(""), """{"subscription":""}""" },
        { new UsageReply("h", 1, 12.5, 3, 2, 4),
            """{"hostname":"h","pid":1,"kernel_cpu":12.5,"kernel_memory":3,"worker_memory":2,"cpu_count":4}""" },
        { new InputRequest("?", true), """{"prompt":"?","password":true}""" },
    };

    [Theory]
    [MemberData(nameof(WrittenContents))]
    public void A_content_is_written_as_the_specification_spells_it(object content, string json)
    {
        // Handlers return contents as objects; the record's own type decides.
        Assert.Equal(json, Encoding.UTF8.GetString(WireFormat.ToJson(content)));
    }

    [Fact]
    public void Every_reply_and_every_published_content_is_pinned()
    {
        var read =
            new[] { "ExecuteRequest", "InspectRequest", "CompleteRequest", "HistoryRequest", "IsCompleteRequest", "CommInfoRequest",
                "ShutdownRequest", "InputReply", "CommOpen", "CommMsg", "CommClose" };
        var apart =
            new[] { nameof(Message), nameof(JupyterKernel.Protocol.Header), nameof(ConnectionFile), nameof(LanguageInfo),
                nameof(HelpLink) };
        var contents = typeof(StatusReply).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(StatusReply).Namespace && type.GetMethod("<Clone>$") is not null)
            .Select(type => type.Name);

        Assert.Equal(
            contents.Except(read).Except(apart).Order(),
            WrittenContents.Select(pinned => pinned.Data.Item1.GetType().Name).Distinct().Order());
    }

    [Fact]
    public void An_execute_request_is_read_with_the_defaults_of_the_specification()
    {
        Assert.Equal(
            new ExecuteRequest { Code = "x", Silent = false, StoreHistory = null, UserExpressions = null, AllowStdin = true,
                StopOnError = true },
            WireFormat.FromJson<ExecuteRequest>(JObject.Parse("""{"code":"x"}""")));

        var all = WireFormat.FromJson<ExecuteRequest>(JObject.Parse(
            """{"code":"x","silent":true,"store_history":false,"user_expressions":{"AKey":"1"},"allow_stdin":false,"stop_on_error":false"""
                + ""","unknown":1}"""));
        Assert.Equal((true, false, false, false), (all.Silent, all.StoreHistory, all.AllowStdin, all.StopOnError));
        Assert.Equal("1", all.UserExpressions!["AKey"]);
    }

    [Fact]
    public void The_other_requests_are_read_with_their_defaults()
    {
        Assert.Equal(new InspectRequest { Code = "x", CursorPos = 1, DetailLevel = 0 },
            Read<InspectRequest>("""{"code":"x","cursor_pos":1}"""));
        Assert.Equal(new InspectRequest { Code = "x", CursorPos = 1, DetailLevel = 1 },
            Read<InspectRequest>("""{"code":"x","cursor_pos":1,"detail_level":1}"""));
        Assert.Equal(new CompleteRequest { Code = "x", CursorPos = null }, Read<CompleteRequest>("""{"code":"x"}"""));
        Assert.Equal(new CompleteRequest { Code = "x", CursorPos = 1 }, Read<CompleteRequest>("""{"code":"x","cursor_pos":1}"""));
        Assert.Equal(new HistoryRequest { HistAccessType = "tail", Raw = true }, Read<HistoryRequest>("""{"hist_access_type":"tail"}"""));
        Assert.Equal(
            new HistoryRequest { HistAccessType = "search", Output = true, Raw = false, Session = -1, Start = 1, Stop = 2, N = 3,
                Pattern = "*", Unique = true },
            Read<HistoryRequest>("""{"hist_access_type":"search","output":true,"raw":false,"session":-1,"start":1,"stop":2,"n":3"""
                + ""","pattern":"*","unique":true}"""));
        Assert.Equal(new IsCompleteRequest { Code = "x" }, Read<IsCompleteRequest>("""{"code":"x"}"""));
        Assert.Equal(new CommInfoRequest { TargetName = null }, Read<CommInfoRequest>("{}"));
        Assert.Equal(new CommInfoRequest { TargetName = "t" }, Read<CommInfoRequest>("""{"target_name":"t"}"""));
        Assert.Equal(new ShutdownRequest { Restart = false }, Read<ShutdownRequest>("{}"));
        Assert.Equal(new ShutdownRequest { Restart = true }, Read<ShutdownRequest>("""{"restart":true}"""));
        Assert.Equal(new InputReply { Value = "v" }, Read<InputReply>("""{"value":"v"}"""));
        Assert.Equal("t", Read<CommOpen>("""{"comm_id":"c","target_name":"t","data":{}}""").TargetName);
    }

    [Theory]
    [InlineData(typeof(ExecuteRequest), "{}", "code")]
    [InlineData(typeof(ExecuteRequest), """{"code":null}""", "code")]
    [InlineData(typeof(ExecuteRequest), """{"code":["a"]}""", "code")]
    [InlineData(typeof(ExecuteRequest), """{"code":"x","silent":"perhaps"}""", "silent")]
    [InlineData(typeof(ExecuteRequest), """{"code":"x","stop_on_error":null}""", "stop_on_error")]
    [InlineData(typeof(ExecuteRequest), """{"code":"x","user_expressions":[]}""", "user_expressions")]
    [InlineData(typeof(ExecuteRequest), """{"code":"x","user_expressions":{"key":{}}}""", "user_expressions.key")]
    [InlineData(typeof(InspectRequest), """{"code":"x"}""", "cursor_pos")]
    [InlineData(typeof(InspectRequest), """{"code":"x","cursor_pos":"here"}""", "cursor_pos")]
    [InlineData(typeof(CompleteRequest), """{"code":"x","cursor_pos":{}}""", "cursor_pos")]
    [InlineData(typeof(HistoryRequest), "{}", "hist_access_type")]
    [InlineData(typeof(HistoryRequest), """{"hist_access_type":"tail","n":"all"}""", "n")]
    [InlineData(typeof(IsCompleteRequest), "{}", "code")]
    [InlineData(typeof(ShutdownRequest), """{"restart":"maybe"}""", "restart")]
    [InlineData(typeof(InputReply), "{}", "value")]
    [InlineData(typeof(CommOpen), """{"comm_id":"c"}""", "target_name")]
    public void A_member_that_is_missing_or_of_the_wrong_type_is_named(Type type, string json, string member)
    {
        var malformed = Assert.Throws<MalformedMessageException>(() => ReadAs(type, json));

        Assert.Contains($"'{member}'", malformed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99999999999")]
    [InlineData("99999999999999999999999999999999999999")]
    [InlineData("1e300")]
    [InlineData("NaN")]
    [InlineData("1e999")]
    public void A_number_out_of_range_is_malformed(string number) =>
        Assert.Throws<MalformedMessageException>(() => Read<CompleteRequest>($$"""{"code":"x","cursor_pos":{{number}}}"""));

    private static T Read<T>(string json) => WireFormat.FromJson<T>(JObject.Parse(json));

    private static object ReadAs(Type type, string json)
    {
        try
        {
            return typeof(WireFormat).GetMethod(nameof(WireFormat.FromJson))!.MakeGenericMethod(type).Invoke(null, [JObject.Parse(json)])!;
        }
        catch (System.Reflection.TargetInvocationException thrown)
        {
            throw thrown.InnerException!;
        }
    }

    private static byte[] Json(string text) => Encoding.UTF8.GetBytes(text);

    private static JObject Parse(byte[] json) => JObject.Parse(Encoding.UTF8.GetString(json));
}
