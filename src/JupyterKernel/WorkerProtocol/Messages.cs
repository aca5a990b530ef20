using System.Text.Json.Serialization;

namespace JupyterKernel.WorkerProtocol;

// Every message between kernel and worker. A request carries an id; exactly one message with that id answers it, and
// streams come in between. System.Text.Json writes them, from generated code, because a worker must start in tens of
// milliseconds and must not bring a JSON library that a notebook's own version could clash with.

/// <summary>One message of the pair socket.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RunCell), "run_cell")]
[JsonDerivedType(typeof(InterruptCell), "interrupt_cell")]
[JsonDerivedType(typeof(InputAnswer), "input_answer")]
[JsonDerivedType(typeof(Ready), "ready")]
[JsonDerivedType(typeof(StreamOutput), "stream")]
[JsonDerivedType(typeof(DisplayOutput), "display")]
[JsonDerivedType(typeof(ClearOutput), "clear_output")]
[JsonDerivedType(typeof(InputQuestion), "input_question")]
[JsonDerivedType(typeof(CellReturned), "cell_returned")]
[JsonDerivedType(typeof(CellThrew), "cell_threw")]
[JsonDerivedType(typeof(CellInterrupted), "cell_interrupted")]
internal abstract record WorkerMessage
{
    /// <summary>Binary parts beside the message: images, and output that is already JSON. Not copied, not parsed.</summary>
    [JsonIgnore]
    public IReadOnlyList<byte[]> Payload { get; init; } = [];
}

// Kernel to worker.

/// <summary>
/// Run a cell behind those that wait. Payload: its assembly, its symbols. Answered by <see cref="CellReturned"/>,
/// <see cref="CellThrew"/> or <see cref="CellInterrupted"/>.
/// </summary>
/// <param name="Cell">The cell's number in the session: its answer and all its output carry it.</param>
/// <param name="AssemblyPaths">Assemblies that the cell referenced and that may be loaded from now on.</param>
/// <param name="AllowStdin">Whether the client answers questions.</param>
/// <param name="IsReplay">Whether only its effect on the state is wanted: its result is not asked for.</param>
internal sealed record RunCell(
    long Cell, string EntryType, string EntryMethod, IReadOnlyList<string> AssemblyPaths, bool AllowStdin, bool IsReplay) : WorkerMessage;

/// <summary>
/// End the cell, or whichever runs of those sent after it, and drop what waits: its cancellation token first, then its thread.
/// </summary>
internal sealed record InterruptCell(long Cell) : WorkerMessage;

/// <summary>Answers an <see cref="InputQuestion"/>: a text, or why there is none.</summary>
internal sealed record InputAnswer(long Question, string? Text, string? Problem) : WorkerMessage;

// Worker to kernel.

/// <summary>The worker's first message: that it is signed proves that the kernel started this worker.</summary>
internal sealed record Ready(int ProcessId) : WorkerMessage;

/// <summary>Text for stdout or stderr. Payload: the text as a JSON string literal.</summary>
internal sealed record StreamOutput(long Cell, string Name) : WorkerMessage;

/// <summary>Something to show. Payload: the content of the message to the client, which may be large and is passed on as it is.</summary>
/// <param name="Update">Whether it replaces what was shown under the id.</param>
internal sealed record DisplayOutput(long Cell, string? DisplayId, bool Update) : WorkerMessage;

/// <summary>Clears the cell's output, at once or when the next output comes.</summary>
internal sealed record ClearOutput(long Cell, bool Wait) : WorkerMessage;

/// <summary>Asks the user for a line. Answered by <see cref="InputAnswer"/>.</summary>
internal sealed record InputQuestion(long Cell, long Question, string Prompt, bool Password) : WorkerMessage;

/// <summary>The cell ran to its end. Payload: nothing, or data and metadata of its result.</summary>
internal sealed record CellReturned(long Cell) : WorkerMessage;

/// <summary>The cell threw.</summary>
internal sealed record CellThrew(long Cell, ExceptionReport Exception) : WorkerMessage;

/// <summary>The cell was ended by <see cref="InterruptCell"/>.</summary>
internal sealed record CellInterrupted(long Cell) : WorkerMessage;

/// <summary>An exception as the worker saw it; the kernel, which knows the cells' text, makes a traceback of it.</summary>
/// <param name="TypeName">Without namespace.</param>
/// <param name="Frames">Innermost first; frames of the kernel's own are left out.</param>
internal sealed record ExceptionReport(
    string TypeName, string Message, IReadOnlyList<FrameReport> Frames, IReadOnlyList<ExceptionReport> Inner);

/// <summary>One stack frame.</summary>
/// <param name="Method">As one writes it in C#; empty for a cell's top-level code.</param>
/// <param name="Source">The cell's name or a file's path; null where there are no symbols.</param>
/// <param name="Line">Counted from 1; 0 where there are no symbols.</param>
internal sealed record FrameReport(string Method, string? Source, int Line);

/// <summary>The generated (de)serialisers.</summary>
[JsonSerializable(typeof(WorkerMessage))]
internal sealed partial class WorkerMessageJson : JsonSerializerContext;
