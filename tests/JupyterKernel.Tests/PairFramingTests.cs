using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using JupyterKernel.Link;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the pair socket's frames: every message is pinned, and only the other end's next message is accepted.</summary>
public sealed class PairFramingTests : IDisposable
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(PairFraming.KeyBytes);

    private readonly PairFraming kernel = new(Key, isKernel: true);
    private readonly PairFraming worker = new(Key, isKernel: false);

    public void Dispose()
    {
        kernel.Dispose();
        worker.Dispose();
    }

    public static TheoryData<string> Pinned { get; } =
    [
        .. Messages.Keys,
    ];

    private static Dictionary<string, WorkerMessage> Messages => new()
    {
        ["""{"type":"run_cell","Cell":1,"EntryType":"T","EntryMethod":"M","Files":{"References":["/a.dll"],"PackageAssemblies":["/b.dll"]"""
            + ""","NativeLibraries":["/c.so"]},"AllowStdin":true,"IsReplay":false,"IsKept":true,"Answers":["a"],"Disposed":[]"""
            + ""","Submitted":[]}"""] = new RunCell(1, "T", "M", new(["/a.dll"], ["/b.dll"], ["/c.so"]), true, IsReplay: false,
            IsKept: true, ["a"]),
        ["""{"type":"comm_arrived","Cell":1,"Type":"comm_msg","Comm":"a","Target":"t"}"""] = new CommArrived(1, "comm_msg", "a", "t"),
        ["""{"type":"read_table_in_turn","Cell":1}"""] = new ReadTableInTurn(1),
        ["""{"type":"read_table","Request":1}"""] = new ReadTable(1),
        ["""{"type":"interrupt_cell","Cell":1}"""] = new InterruptCell(1),
        ["""{"type":"output_taken","Messages":1,"Bytes":2}"""] = new OutputTaken(1, 2),
        ["""{"type":"leave_children","Leave":true}"""] = new LeaveChildren(true),
        ["""{"type":"uncaught","Cell":1,"Assembly":"a","Exception":null,"EndsWorker":true}"""] =
            new UncaughtException(1, "a", null, EndsWorker: true),
        ["""{"type":"input_answer","Question":1,"Text":"t","Problem":null}"""] = new InputAnswer(1, "t", null),
        ["""{"type":"ready","ProcessId":1,"Version":"v"}"""] = new Ready(1, "v"),
        ["""{"type":"stream","Cell":1,"Name":"stdout"}"""] = new StreamOutput(1, "stdout"),
        ["""{"type":"display","Cell":1,"DisplayId":null,"Update":false}"""] = new DisplayOutput(1, null, false),
        ["""{"type":"clear_output","Cell":1,"Wait":true}"""] = new ClearCellOutput(1, true),
        ["""{"type":"comm_output","Cell":1,"Type":"comm_open","Comm":"a","Target":"t"}"""] = new CommOutput(1, "comm_open", "a", "t"),
        ["""{"type":"comm_target","Name":"t"}"""] = new CommTarget("t"),
        ["""{"type":"magic_registered","Cell":1,"Name":"#!n","Help":"h","TakesText":false"""
            + ""","Options":[{"Name":"--o","Help":"h","IsRequired":true,"IsFlag":false,"IsPositional":true,"Proposals":["p"]}]}"""] =
            new MagicRegistered(1, "#!n", "h", TakesText: false,
                [new RegisteredOption("--o", "h", IsRequired: true, IsFlag: false, IsPositional: true, ["p"])]),
        ["""{"type":"table_read","Request":1}"""] = new TableRead(1),
        ["""{"type":"input_question","Cell":1,"Question":2,"Prompt":"?","Password":true}"""] = new InputQuestion(1, 2, "?", true),
        ["""{"type":"restore_cell","Cell":1,"EntryType":"T","Files":null}"""] = new RestoreCell(1, "T", null),
        ["""{"type":"forget_variables","Variables":[{"Assembly":"a","Name":"n"}]}"""] = new ForgetVariables([new CellVariable("a", "n")]),
        ["""{"type":"drop_cells","EntryTypes":["T"]}"""] = new DropCells(["T"]),
        ["""{"type":"report_memory","Interval":"00:00:00.5000000"}"""] = new ReportMemory(TimeSpan.FromMilliseconds(500)),
        ["""{"type":"collect_garbage","Request":1}"""] = new CollectGarbage(1),
        ["""{"type":"read_state","Request":1,"WithValues":true,"MaxBytes":2,"GivesWay":true}"""] = new ReadState(1, true, 2, true),
        ["""{"type":"set_state","Request":1}"""] = new SetState(1),
        ["""{"type":"code_submitted","Cell":1,"Submission":2,"Code":"c"}"""] = new CodeSubmitted(1, 2, "c"),
        ["""{"type":"run_submitted","Submission":2,"Cell":{"Code":"c","EntryType":"T","EntryMethod":"M","Files":null,"Disposed":[]"""
            + ""","Parts":2}}"""] = new RunSubmitted(2, new("c", "T", "M", null, [], 2)),
        ["""{"type":"refuse_submitted","Submission":2,"Problem":"p"}"""] = new RefuseSubmitted(2, "p"),
        ["""{"type":"measure_variables","Request":1,"Count":2}"""] = new MeasureVariables(1, 2),
        ["""{"type":"memory_report","Request":1,"HeapBytes":2,"CommittedBytes":3,"Assemblies":4}"""] = new MemoryReport(1, 2, 3, 4),
        ["""{"type":"state_read","Request":1,"Fingerprint":"f","Opaque":[{"Assembly":"a","Name":"n","Reason":"r"}],"Problem":null}"""] =
            new StateRead(1, "f", [new OpaqueVariable("a", "n", "r")], null),
        ["""{"type":"state_set","Request":1,"Problem":"p"}"""] = new StateSet(1, "p"),
        ["""{"type":"read_variable","Request":1,"Variable":{"Assembly":"a","Name":"n"}}"""] = new ReadVariable(1, new("a", "n")),
        ["""{"type":"variable_read","Request":1,"Text":"t"}"""] = new VariableRead(1, "t"),
        ["""{"type":"variables_measured","Request":1,"Largest":[{"Name":"n","Bytes":2}]}"""] =
            new VariablesMeasured(1, [new VariableSize("n", 2)]),
        ["""{"type":"cell_returned","Cell":1,"Allocated":2,"HasObeyed":true}"""] = new CellReturned(1, 2, true),
        ["""{"type":"cell_threw","Cell":1,"Exception":{"TypeName":"T","Message":"m","Frames":[{"Method":"M","Source":"Cell [1]","Line":2"""
            + ""","Times":1}],"Inner":[]},"Allocated":2,"HasObeyed":false}"""] =
            new CellThrew(1, new ExceptionReport("T", "m", [new FrameReport("M", "Cell [1]", 2)], []), 2),
        ["""{"type":"cell_interrupted","Cell":1}"""] = new CellInterrupted(1),
    };

    [Theory]
    [MemberData(nameof(Pinned))]
    public void A_message_is_this_JSON_and_comes_back_from_it(string json)
    {
        var frames = kernel.Seal(Messages[json]);

        Assert.Equal(json, Encoding.UTF8.GetString(frames[2]));
        var opened = worker.Open(frames);
        Assert.IsType(Messages[json].GetType(), opened);
        Assert.Equal(json, Encoding.UTF8.GetString(kernel.Seal(opened)[2]));
    }

    [Fact]
    public void Every_message_is_registered_under_a_name_of_its_own_and_pinned()
    {
        var messages = typeof(WorkerMessage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(WorkerMessage))).ToList();
        var registered = typeof(WorkerMessage).GetCustomAttributes<JsonDerivedTypeAttribute>().ToList();

        Assert.Equal(messages.Select(type => type.Name).Order(), registered.Select(entry => entry.DerivedType.Name).Order());
        Assert.Equal(registered.Count, registered.Select(entry => entry.TypeDiscriminator).Distinct().Count());
        Assert.Equal(messages.Select(type => type.Name).Order(), Messages.Values.Select(message => message.GetType().Name).Order());
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 4)]
    [InlineData(PairFraming.MaxFrameBytes, 4)]
    [InlineData(PairFraming.MaxFrameBytes + 1, 5)]
    public void A_payload_of_any_size_comes_back_whole_in_frames_that_are_not_too_long(int bytes, int frameCount)
    {
        var payload = new byte[bytes];
        Random.Shared.NextBytes(payload);

        var frames = worker.Seal(new CellReturned(1, 0) { Payload = [payload] });

        Assert.Equal(frameCount, frames.Count);
        Assert.All(frames, frame => Assert.True(frame.Length <= PairFraming.MaxFrameBytes));
        Assert.True(payload.AsSpan().SequenceEqual(Assert.Single(kernel.Open(frames)!.Payload)));
    }

    [Fact]
    public void Payloads_of_several_sizes_come_back_apart()
    {
        byte[][] payload = [[], [1], new byte[PairFraming.MaxFrameBytes + 7], [], [2, 3]];
        payload[2][^1] = 9;

        var opened = kernel.Open(worker.Seal(new CellReturned(1, 0) { Payload = payload }))!.Payload;

        Assert.Equal(payload.Select(part => part.Length), opened.Select(part => part.Length));
        Assert.Equal(9, opened[2][^1]);
        Assert.Equal([2, 3], opened[4]);
    }

    [Fact]
    public void A_message_is_accepted_once()
    {
        var frames = kernel.Seal(new InterruptCell(1));

        Assert.NotNull(worker.Open(frames));
        Assert.Null(worker.Open(frames));
        Assert.Equal(new InterruptCell(2).Cell, Assert.IsType<InterruptCell>(worker.Open(kernel.Seal(new InterruptCell(2)))).Cell);
    }

    [Fact]
    public void A_message_sent_back_to_its_sender_is_rejected()
    {
        Assert.Null(kernel.Open(kernel.Seal(new InterruptCell(1))));
        Assert.NotNull(kernel.Open(worker.Seal(new Ready(1, "v"))));
    }

    [Fact]
    public void A_message_that_overtook_another_is_rejected_until_its_turn()
    {
        var first = kernel.Seal(new InterruptCell(1));
        var second = kernel.Seal(new InterruptCell(2));

        Assert.Null(worker.Open(second));
        Assert.NotNull(worker.Open(first));
        Assert.NotNull(worker.Open(second));
    }

    [Fact]
    public void A_change_of_any_bit_is_detected()
    {
        var frames = kernel.Seal(new RunCell(1, "T", "M", null, true, IsReplay: false, IsKept: true, []) { Payload = [[1, 2, 3], []] });
        for (var frame = 0; frame < frames.Count; frame++)
        {
            for (var bit = 0; bit < 8 * frames[frame].Length; bit++)
            {
                frames[frame][bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.Null(worker.Open(frames));
                frames[frame][bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }

        Assert.NotNull(worker.Open(frames));
    }

    [Fact]
    public void A_change_of_a_large_frame_or_of_its_length_is_detected()
    {
        var frames = worker.Seal(new CellReturned(1, 0) { Payload = [new byte[PairFraming.LargeFrameBytes + 5], [1, 2]] });
        foreach (var (frame, at) in (ReadOnlySpan<(int, int)>)[(0, 0), (0, 31), (0, 32), (0, 47), (1, 0), (2, 0), (3, 0),
            (3, PairFraming.LargeFrameBytes / 2), (3, PairFraming.LargeFrameBytes + 4), (4, 0)])
        {
            frames[frame][at] ^= 1;
            Assert.Null(kernel.Open(frames));
            frames[frame][at] ^= 1;
        }

        Assert.Null(kernel.Open([frames[0], .. frames[1..3], frames[3][..^1], frames[4]]));
        Assert.Null(kernel.Open([frames[0], .. frames[1..3], [.. frames[3], 0], frames[4]]));
        Assert.Null(kernel.Open([frames[0][..32], .. frames[1..]]));
        Assert.Null(kernel.Open([frames[0][..32], .. frames[1..3], [], frames[4]]));
        Assert.NotNull(kernel.Open(frames));
    }

    [Fact]
    public void Large_frames_stay_in_their_message_and_in_their_place()
    {
        byte[] ones = new byte[PairFraming.LargeFrameBytes], twos = new byte[PairFraming.LargeFrameBytes];
        ones.AsSpan().Fill(1);
        twos.AsSpan().Fill(2);
        var first = worker.Seal(new CellReturned(1, 0) { Payload = [ones, twos] });
        var second = worker.Seal(new CellReturned(1, 0) { Payload = [twos, ones] });

        Assert.Null(kernel.Open([.. first[..3], first[4], first[3]]));
        Assert.Null(kernel.Open(second));
        Assert.Null(kernel.Open([.. first[..3], .. second[3..]]));
        Assert.Null(worker.Open(first));
        Assert.NotNull(kernel.Open(first));
        Assert.Null(kernel.Open(first));
        Assert.NotNull(kernel.Open(second));
    }

    [Fact]
    public void A_large_message_has_another_signature_each_time_a_sequence_restarts()
    {
        using var again = new PairFraming(Key, isKernel: false);
        var message = new CellReturned(1, 0) { Payload = [new byte[PairFraming.LargeFrameBytes]] };

        Assert.NotEqual(worker.Seal(message)[0], again.Seal(message)[0]);
    }

    [Fact]
    public void A_change_of_frame_boundaries_is_detected()
    {
        var frames = kernel.Seal(new RunCell(1, "T", "M", null, true, IsReplay: false, IsKept: true, []) { Payload = [[1, 2, 3], [4, 5]] });

        Assert.Null(worker.Open([.. frames[..3], [1, 2], [3, 4, 5]]));
        Assert.Null(worker.Open([.. frames[..3], [1, 2, 3, 4, 5]]));
        Assert.Null(worker.Open([.. frames, []]));
        Assert.Null(worker.Open(frames[..^1]));
        Assert.Null(worker.Open([frames[0], frames[2], frames[1], .. frames[3..]]));
        Assert.NotNull(worker.Open(frames));
    }

    [Fact]
    public void A_message_signed_with_another_key_is_rejected()
    {
        using var stranger = new PairFraming(new byte[PairFraming.KeyBytes], isKernel: false);

        Assert.Null(kernel.Open(stranger.Seal(new Ready(1, "v"))));
        Assert.NotNull(kernel.Open(worker.Seal(new Ready(1, "v"))));
    }

    [Fact]
    public void Frames_that_are_not_a_message_are_rejected()
    {
        Assert.Null(kernel.Open([]));
        Assert.Null(kernel.Open([[], [], []]));
        Assert.Null(kernel.Open([new byte[32]]));
        Assert.Null(kernel.Open([new byte[32], [1], "{}"u8.ToArray()]));
        Assert.NotNull(kernel.Open(worker.Seal(new Ready(1, "v"))));
    }
}
