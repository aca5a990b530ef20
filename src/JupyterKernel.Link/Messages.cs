using System.Text.Json.Serialization;

namespace JupyterKernel.Link;

// Every message between kernel and worker. A request carries an id; exactly one message with that id answers it, and
// streams come in between. System.Text.Json writes them, from generated code, because a worker must start in tens of
// milliseconds and must not bring a JSON library that a notebook's own version could clash with.

/// <summary>One message of the pair socket.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RunCell), "run_cell")]
[JsonDerivedType(typeof(RestoreCell), "restore_cell")]
[JsonDerivedType(typeof(ForgetVariables), "forget_variables")]
[JsonDerivedType(typeof(DropCells), "drop_cells")]
[JsonDerivedType(typeof(CommArrived), "comm_arrived")]
[JsonDerivedType(typeof(ReadTableInTurn), "read_table_in_turn")]
[JsonDerivedType(typeof(ReadTable), "read_table")]
[JsonDerivedType(typeof(InterruptCell), "interrupt_cell")]
[JsonDerivedType(typeof(OutputTaken), "output_taken")]
[JsonDerivedType(typeof(InputAnswer), "input_answer")]
[JsonDerivedType(typeof(ReportMemory), "report_memory")]
[JsonDerivedType(typeof(LeaveChildren), "leave_children")]
[JsonDerivedType(typeof(CollectGarbage), "collect_garbage")]
[JsonDerivedType(typeof(ReadState), "read_state")]
[JsonDerivedType(typeof(SetState), "set_state")]
[JsonDerivedType(typeof(ReadVariable), "read_variable")]
[JsonDerivedType(typeof(MeasureVariables), "measure_variables")]
[JsonDerivedType(typeof(RunSubmitted), "run_submitted")]
[JsonDerivedType(typeof(RefuseSubmitted), "refuse_submitted")]
[JsonDerivedType(typeof(Ready), "ready")]
[JsonDerivedType(typeof(MemoryReport), "memory_report")]
[JsonDerivedType(typeof(StateRead), "state_read")]
[JsonDerivedType(typeof(StateSet), "state_set")]
[JsonDerivedType(typeof(VariableRead), "variable_read")]
[JsonDerivedType(typeof(VariablesMeasured), "variables_measured")]
[JsonDerivedType(typeof(StreamOutput), "stream")]
[JsonDerivedType(typeof(DisplayOutput), "display")]
[JsonDerivedType(typeof(ClearOutput), "clear_output")]
[JsonDerivedType(typeof(CommOutput), "comm_output")]
[JsonDerivedType(typeof(CommTarget), "comm_target")]
[JsonDerivedType(typeof(MagicRegistered), "magic_registered")]
[JsonDerivedType(typeof(TableRead), "table_read")]
[JsonDerivedType(typeof(InputQuestion), "input_question")]
[JsonDerivedType(typeof(CodeSubmitted), "code_submitted")]
[JsonDerivedType(typeof(CellReturned), "cell_returned")]
[JsonDerivedType(typeof(CellThrew), "cell_threw")]
[JsonDerivedType(typeof(CellInterrupted), "cell_interrupted")]
[JsonDerivedType(typeof(UncaughtException), "uncaught")]
internal abstract record WorkerMessage
{
    /// <summary>Binary parts beside the message: images, and output that is already JSON. Not copied, not parsed.</summary>
    [JsonIgnore]
    public IReadOnlyList<byte[]> Payload { get; init; } = [];

    /// <summary>The size of the payload.</summary>
    [JsonIgnore]
    public long PayloadBytes
    {
        get
        {
            long size = 0;
            foreach (var part in Payload) size += part.Length;
            return size;
        }
    }
}

// Kernel to worker.

/// <summary>
/// Run a cell behind those that wait. Payload: its library's assembly and symbols if it has one, its assembly, its symbols. Answered by <see cref="CellReturned"/>,
/// <see cref="CellThrew"/> or <see cref="CellInterrupted"/>.
/// </summary>
/// <param name="Cell">The cell's number in the session: its answer and all its output carry it.</param>
/// <param name="Files">What the cell brought and may be loaded from now on; null for most cells.</param>
/// <param name="AllowStdin">Whether the client answers questions.</param>
/// <param name="IsReplay">Whether only its effect on the state is wanted: its result is not asked for.</param>
/// <param name="IsKept">Whether later cells see what it declares, if it ends by itself.</param>
/// <param name="Answers">What the user answered when the cell ran first; it is not asked again for those.</param>
internal sealed record RunCell(
    long Cell, string EntryType, string EntryMethod, LoadableFiles? Files, bool AllowStdin, bool IsReplay,
    bool IsKept, IReadOnlyList<string> Answers) : WorkerMessage
{
    /// <summary>Variables of the cell to dispose of when it ends, the last one first.</summary>
    public IReadOnlyList<DisposedVariable> Disposed { get; init; } = [];

    /// <summary>The names of tuples' items in its result; null for most cells.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ResultNames { get; init; }

    /// <summary>The names of tuple items in values that it displays; null for most cells.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DisplayedNames>? DisplayedNames { get; init; }

    /// <summary>What it submitted when it ran first, which it is to run when it submits it again. Payload: behind the cell's own.</summary>
    public IReadOnlyList<SubmittedCell> Submitted { get; init; } = [];
}

/// <summary>The names of tuple items in a value that a call of the display API shows; see <c>TupleNames</c>.</summary>
/// <param name="Source">The source of the call, as its stack frame names it.</param>
/// <param name="Line">Where its stack frame is, from 1.</param>
/// <param name="Column">As for the line.</param>
internal sealed record DisplayedNames(string Source, int Line, int Column, string Names);

/// <summary>Code that a cell submits while it runs, compiled.</summary>
/// <param name="Parts">How many parts of the payload are its own: its library's assembly and symbols if it has one, its assembly, its symbols.</param>
internal sealed record SubmittedCell(string Code, string EntryType, string EntryMethod, LoadableFiles? Files, IReadOnlyList<DisposedVariable> Disposed, int Parts);

/// <summary>Answers a <see cref="CodeSubmitted"/>: run it. Payload: its parts.</summary>
internal sealed record RunSubmitted(long Submission, SubmittedCell Cell) : WorkerMessage;

/// <summary>Answers a <see cref="CodeSubmitted"/>: it cannot be run.</summary>
/// <param name="Problem">Why, for the user.</param>
internal sealed record RefuseSubmitted(long Submission, string Problem) : WorkerMessage;

/// <summary>
/// Load a cell and do not run it; set the session's variables to what they were after it instead. Payload: as of
/// <see cref="RunCell"/>, then the values (empty for none). Answered by <see cref="CellReturned"/> or <see cref="CellThrew"/>.
/// </summary>
internal sealed record RestoreCell(long Cell, string EntryType, LoadableFiles? Files) : WorkerMessage;

/// <summary>Files by their full paths.</summary>
/// <param name="References">Assemblies that the cell referenced by their paths; what they need lies beside them.</param>
/// <param name="PackageAssemblies">Assemblies of packages; satellite assemblies lie in a folder of their culture's name.</param>
/// <param name="NativeLibraries">Native libraries of packages.</param>
internal sealed record LoadableFiles(IReadOnlyList<string> References, IReadOnlyList<string> PackageAssemblies, IReadOnlyList<string> NativeLibraries);

/// <summary>A variable that was declared with <c>using</c>, or <c>await using</c>.</summary>
internal sealed record DisposedVariable(string Name, bool Awaits);

/// <summary>Let go of what variables hold that were declared anew, behind the cells sent before.</summary>
internal sealed record ForgetVariables(IReadOnlyList<CellVariable> Variables) : WorkerMessage;

/// <summary>A variable by the assembly of the cell that declares it.</summary>
internal sealed record CellVariable(string Assembly, string Name);

/// <summary>Forget cells that ran, by their entry types: nothing that comes later sees what they declared.</summary>
internal sealed record DropCells(IReadOnlyList<string> EntryTypes) : WorkerMessage;

/// <summary>
/// What a front end says over a comm that code listens to: handled like a cell, behind those that wait, and answered like one.
/// Payload: data, metadata, then buffers.
/// </summary>
/// <param name="Type">The protocol's: comm_open, comm_msg or comm_close.</param>
/// <param name="Target">What the comm is open to.</param>
internal sealed record CommArrived(long Cell, string Type, string Comm, string Target) : WorkerMessage;

/// <summary>Tell some rows of a table, like a cell, behind those that wait: for rows whose reading runs code. Payload: the query. Answered like a cell, with the rows.</summary>
internal sealed record ReadTableInTurn(long Cell) : WorkerMessage;

/// <summary>Tell some rows of a table at once, also while a cell runs. Payload: the query. Answered by <see cref="TableRead"/>.</summary>
internal sealed record ReadTable(long Request) : WorkerMessage;

/// <summary>
/// End the cell, or whichever runs of those sent after it, and drop what waits: its cancellation token first, then its thread.
/// </summary>
internal sealed record InterruptCell(long Cell) : WorkerMessage;

/// <summary>
/// The kernel has handled this many of the worker's messages, with this many bytes of payload, since it last said so: the worker may send as much again.
/// </summary>
internal sealed record OutputTaken(int Messages, long Bytes) : WorkerMessage;

/// <summary>Whether what cells started outlives the worker if the kernel is killed; until this comes, it does not.</summary>
internal sealed record LeaveChildren(bool Leave) : WorkerMessage;

/// <summary>Answers an <see cref="InputQuestion"/>: a text, or why there is none.</summary>
internal sealed record InputAnswer(long Question, string? Text, string? Problem) : WorkerMessage;

/// <summary>From now on, also while a cell runs, a <see cref="MemoryReport"/> is to be sent so often. It is a sign of life, too.</summary>
internal sealed record ReportMemory(TimeSpan Interval) : WorkerMessage;

/// <summary>Collect and compact the heap, between cells. Answered by <see cref="MemoryReport"/>.</summary>
internal sealed record CollectGarbage(long Request) : WorkerMessage;

/// <summary>Read what the variables hold, between cells. Answered by <see cref="StateRead"/>.</summary>
/// <param name="WithValues">Whether the values are wanted, or only their fingerprint.</param>
/// <param name="MaxBytes">More are not sent; then there is a problem instead.</param>
/// <param name="GivesWay">Whether it is broken off when a cell comes.</param>
internal sealed record ReadState(long Request, bool WithValues, long MaxBytes, bool GivesWay) : WorkerMessage;

/// <summary>Tell what a variable holds. Answered by <see cref="VariableRead"/>.</summary>
internal sealed record ReadVariable(long Request, CellVariable Variable) : WorkerMessage;

/// <summary>Set variables. Payload: the values. Answered by <see cref="StateSet"/>.</summary>
internal sealed record SetState(long Request) : WorkerMessage;

/// <summary>Tell which variables hold most memory. Answered by <see cref="VariablesMeasured"/>.</summary>
internal sealed record MeasureVariables(long Request, int Count) : WorkerMessage;

// Worker to kernel.

/// <summary>An answer to a request that is no cell.</summary>
internal interface IAnswer
{
    /// <summary>The request's number.</summary>
    long Request { get; }
}

/// <summary>What the worker's runtime says of its memory: answers <see cref="CollectGarbage"/>, or comes by itself with 0 for the request.</summary>
/// <param name="HeapBytes">What objects take, garbage included.</param>
/// <param name="CommittedBytes">What the heap has of the system's memory.</param>
/// <param name="Assemblies">How many are loaded.</param>
internal sealed record MemoryReport(long Request, long HeapBytes, long CommittedBytes, int Assemblies) : WorkerMessage, IAnswer;

/// <summary>What the variables hold. Payload: the values, if they were asked for.</summary>
/// <param name="Fingerprint">The same for the same values; null if they could not be read.</param>
/// <param name="Opaque">Variables that are not plain data: neither in the fingerprint nor in the values.</param>
/// <param name="Problem">Why they could not be read.</param>
internal sealed record StateRead(long Request, string? Fingerprint, IReadOnlyList<OpaqueVariable> Opaque, string? Problem) : WorkerMessage, IAnswer;

/// <summary>A variable that is not plain data.</summary>
/// <param name="Reason">The type that is the reason.</param>
internal sealed record OpaqueVariable(string Assembly, string Name, string Reason);

/// <summary>Values were set.</summary>
/// <param name="Problem">Why they were not, or not all.</param>
internal sealed record StateSet(long Request, string? Problem) : WorkerMessage, IAnswer;

/// <summary>What a variable holds, in a line; null if that cannot be told without running code.</summary>
internal sealed record VariableRead(long Request, string? Text) : WorkerMessage, IAnswer;

/// <summary>The variables that hold most memory, largest first.</summary>
internal sealed record VariablesMeasured(long Request, IReadOnlyList<VariableSize> Largest) : WorkerMessage, IAnswer;

/// <summary>How much memory a variable holds.</summary>
internal sealed record VariableSize(string Name, long Bytes);

/// <summary>The worker's first message: that it is signed proves that the kernel started this worker.</summary>
internal sealed record Ready(int ProcessId) : WorkerMessage;

/// <summary>Text for stdout or stderr. Payload: the text as a JSON string literal.</summary>
internal sealed record StreamOutput(long Cell, string Name) : WorkerMessage;

/// <summary>Something to show. Payload: the content of the message to the client, which may be large and is passed on as it is.</summary>
/// <param name="Update">Whether it replaces what was shown under the id.</param>
internal sealed record DisplayOutput(long Cell, string? DisplayId, bool Update) : WorkerMessage;

/// <summary>Clears the cell's output, at once or when the next output comes.</summary>
internal sealed record ClearOutput(long Cell, bool Wait) : WorkerMessage;

/// <summary>A message of a comm for the front ends. Payload: data, metadata, then buffers.</summary>
/// <param name="Type">The protocol's: comm_open, comm_msg or comm_close.</param>
/// <param name="Target">What the comm is open to.</param>
internal sealed record CommOutput(long Cell, string Type, string Comm, string Target) : WorkerMessage;

/// <summary>From now on front ends may open comms to it.</summary>
internal sealed record CommTarget(string Name) : WorkerMessage;

/// <summary>The cell has registered a magic, which later cells may use.</summary>
/// <param name="TakesText">Whether the lines below it are its text.</param>
/// <param name="Options">Null where it takes the line as it is.</param>
internal sealed record MagicRegistered(long Cell, string Name, string Help, bool TakesText, IReadOnlyList<RegisteredOption>? Options) : WorkerMessage;

/// <summary>An option of a magic that was registered.</summary>
/// <param name="IsPositional">Whether a value without a name may be its.</param>
/// <param name="Proposals">Values to complete.</param>
internal sealed record RegisteredOption(string Name, string Help, bool IsRequired, bool IsFlag, bool IsPositional, IReadOnlyList<string> Proposals);

/// <summary>Some rows of a table. Payload: the answer; nothing where reading them would run code, which has to wait for its turn.</summary>
internal sealed record TableRead(long Request) : WorkerMessage, IAnswer;

/// <summary>Asks the user for a line. Answered by <see cref="InputAnswer"/>.</summary>
internal sealed record InputQuestion(long Cell, long Question, string Prompt, bool Password) : WorkerMessage;

/// <summary>The running cell submits code, to be run while it goes on. Answered by <see cref="RunSubmitted"/> or <see cref="RefuseSubmitted"/>.</summary>
internal sealed record CodeSubmitted(long Cell, long Submission, string Code) : WorkerMessage;

/// <summary>The cell ran to its end. Payload: nothing, or data and metadata of its result.</summary>
/// <param name="Allocated">How much was allocated meanwhile, in bytes.</param>
internal sealed record CellReturned(long Cell, long Allocated) : WorkerMessage;

/// <summary>The cell threw.</summary>
/// <param name="Allocated">How much was allocated meanwhile, in bytes.</param>
internal sealed record CellThrew(long Cell, ExceptionReport Exception, long Allocated) : WorkerMessage;

/// <summary>The cell was ended by <see cref="InterruptCell"/>.</summary>
internal sealed record CellInterrupted(long Cell) : WorkerMessage;

/// <summary>A thread, task, timer or finalizer threw what nothing caught, or called Environment.Exit.</summary>
/// <param name="Cell">The cell that started it; 0 if that is not known.</param>
/// <param name="Assembly">Where that is not known, the assembly of the cell whose code threw; null if that is not known either.</param>
/// <param name="Exception">What it threw; null for Environment.Exit.</param>
/// <param name="EndsWorker">Whether the worker ends, or only the thread.</param>
internal sealed record UncaughtException(long Cell, string? Assembly, ExceptionReport? Exception, bool EndsWorker) : WorkerMessage;

/// <summary>An exception as the worker saw it; the kernel, which knows the cells' text, makes a traceback of it.</summary>
/// <param name="TypeName">Without namespace.</param>
/// <param name="Frames">Innermost first; frames of the kernel's own are left out.</param>
internal sealed record ExceptionReport(
    string TypeName, string Message, IReadOnlyList<FrameReport> Frames, IReadOnlyList<ExceptionReport> Inner)
{
    /// <summary>The same with another name for a source.</summary>
    public ExceptionReport WithSource(string name, string newName) => this with
    {
        Frames = [.. Frames.Select(frame => frame.Source == name ? frame with { Source = newName } : frame)],
        Inner = [.. Inner.Select(inner => inner.WithSource(name, newName))],
    };
}

/// <summary>One stack frame.</summary>
/// <param name="Method">As one writes it in C#; empty for a cell's top-level code.</param>
/// <param name="Source">The cell's name or a file's path; null where there are no symbols.</param>
/// <param name="Line">Counted from 1; 0 where there are no symbols.</param>
/// <param name="Times">How many of them in a row are the same.</param>
internal sealed record FrameReport(string Method, string? Source, int Line, int Times = 1);

/// <summary>The generated (de)serialisers.</summary>
[JsonSerializable(typeof(WorkerMessage))]
internal sealed partial class WorkerMessageJson : JsonSerializerContext;
