using System.Text.Json.Serialization;

namespace JupyterKernel.Link;

// The messages between kernel and worker. A request has an id, and exactly one message with that id answers it; streams may come in
// between. System.Text.Json serializes with generated code, because a worker must start within tens of milliseconds and must not contain a
// JSON library that conflicts with the notebook's version.

/// <summary>A message on the pair socket.</summary>
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
[JsonDerivedType(typeof(ClearCellOutput), "clear_output")]
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
    /// <summary>Binary parts that are sent with the message, neither copied nor parsed: images, and output that is already JSON.</summary>
    [JsonIgnore]
    public IReadOnlyList<byte[]> Payload { get; init; } = [];

    /// <summary>The size of the payload in bytes.</summary>
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
/// Runs a cell after the queued ones. Payload: the assembly and symbols of the cell's library, if it has one, then its own assembly and
/// symbols. Answered by <see cref="CellReturned"/>, <see cref="CellThrew"/> or <see cref="CellInterrupted"/>.
/// </summary>
/// <param name="Cell">The cell's number in the session; the answer and all output of the cell contain it.</param>
/// <param name="Files">Files that the cell added, which can be loaded from now on; null if there are none.</param>
/// <param name="AllowStdin">Whether the client supports input requests.</param>
/// <param name="IsReplay">Whether the cell is replayed: only its effect on the state matters, not its result.</param>
/// <param name="IsKept">Whether later cells see the declarations of the cell after it has returned or thrown.</param>
/// <param name="Answers">The user's input in the first run of the cell; the user is not asked again.</param>
internal sealed record RunCell(
    long Cell, string EntryType, string EntryMethod, LoadableFiles? Files, bool AllowStdin, bool IsReplay,
    bool IsKept, IReadOnlyList<string> Answers) : WorkerMessage
{
    /// <summary>The variables of the cell to dispose of when it ends, in order of declaration; disposed of in reverse order.</summary>
    public IReadOnlyList<DisposedVariable> Disposed { get; init; } = [];

    /// <summary>The names of tuple items in the cell's result; null if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ResultNames { get; init; }

    /// <summary>The names of tuple items in values that the cell displays; null if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DisplayedNames>? DisplayedNames { get; init; }

    /// <summary>
    /// The code that the cell submitted in its first run, to be run when the cell submits it again. Its payload follows the cell's own.
    /// </summary>
    public IReadOnlyList<SubmittedCell> Submitted { get; init; } = [];
}

/// <summary>The names of tuple items in a value that a call of the display API displays; see <c>TupleNames</c>.</summary>
/// <param name="Source">The source of the call, as in its stack frame.</param>
/// <param name="Line">The line of the call's stack frame, from 1.</param>
/// <param name="Column">The column of the call's stack frame, from 1.</param>
internal sealed record DisplayedNames(string Source, int Line, int Column, string Names);

/// <summary>Compiled code that a cell submits while it runs.</summary>
/// <param name="Parts">
/// The number of payload parts: the assembly and symbols of the library, if there is one, and of the code itself.
/// </param>
internal sealed record SubmittedCell(string Code, string EntryType, string EntryMethod, LoadableFiles? Files,
    IReadOnlyList<DisposedVariable> Disposed, int Parts);

/// <summary>Answers a <see cref="CodeSubmitted"/>: the worker must run the code. Payload: as for <see cref="RunCell"/>.</summary>
internal sealed record RunSubmitted(long Submission, SubmittedCell Cell) : WorkerMessage;

/// <summary>Answers a <see cref="CodeSubmitted"/>: the code cannot be run.</summary>
/// <param name="Problem">The reason, for the user.</param>
internal sealed record RefuseSubmitted(long Submission, string Problem) : WorkerMessage;

/// <summary>
/// Loads a cell without running it, and sets the session's variables to their values after the cell. Payload: that of
/// <see cref="RunCell"/>, then the values (empty for none). Answered by <see cref="CellReturned"/> or <see cref="CellThrew"/>.
/// </summary>
internal sealed record RestoreCell(long Cell, string EntryType, LoadableFiles? Files) : WorkerMessage;

/// <summary>Files that a cell may load, by full path.</summary>
/// <param name="References">Assemblies that the cell referenced by path; their dependencies are in the same folder.</param>
/// <param name="PackageAssemblies">Assemblies of packages; satellite assemblies are in a folder named after their culture.</param>
/// <param name="NativeLibraries">Native libraries of packages.</param>
internal sealed record LoadableFiles(IReadOnlyList<string> References, IReadOnlyList<string> PackageAssemblies,
    IReadOnlyList<string> NativeLibraries);

/// <summary>A variable declared with <c>using</c> or <c>await using</c>.</summary>
internal sealed record DisposedVariable(string Name, bool Awaits);

/// <summary>Releases the values of redeclared variables, after all cells sent so far have run.</summary>
internal sealed record ForgetVariables(IReadOnlyList<CellVariable> Variables) : WorkerMessage;

/// <summary>A variable, identified by the assembly of the cell that declares it.</summary>
internal sealed record CellVariable(string Assembly, string Name);

/// <summary>Removes cells that have run, given by entry type, so that later cells do not see their declarations.</summary>
internal sealed record DropCells(IReadOnlyList<string> EntryTypes) : WorkerMessage;

/// <summary>
/// A front end's message on a comm that user code listens to; queued and answered like a cell. Payload: data, metadata, buffers.
/// </summary>
/// <param name="Type">The protocol's message type: comm_open, comm_msg or comm_close.</param>
/// <param name="Target">The target name of the comm.</param>
internal sealed record CommArrived(long Cell, string Type, string Comm, string Target) : WorkerMessage;

/// <summary>
/// Reads rows of a table; queued like a cell, because this runs user code. Payload: the query. Answered like a cell, with the rows.
/// </summary>
internal sealed record ReadTableInTurn(long Cell) : WorkerMessage;

/// <summary>Reads rows of a table immediately, even while a cell runs. Payload: the query. Answered by <see cref="TableRead"/>.</summary>
internal sealed record ReadTable(long Request) : WorkerMessage;

/// <summary>
/// Interrupts the given cell or, if it has ended, a later cell that runs, and drops the queued cells. Cancels the cancellation token first,
/// then aborts the cell thread.
/// </summary>
internal sealed record InterruptCell(long Cell) : WorkerMessage;

/// <summary>
/// A receipt: the number of the worker's messages, and of their payload bytes, that the kernel has handled since the previous receipt. The
/// worker may send as much again.
/// </summary>
internal sealed record OutputTaken(int Messages, long Bytes) : WorkerMessage;

/// <summary>
/// Sets whether processes that cells started outlive the worker if the kernel is killed. Before this message, they do not.
/// </summary>
internal sealed record LeaveChildren(bool Leave) : WorkerMessage;

/// <summary>Answers an <see cref="InputQuestion"/> with a text, or with the reason why there is no text.</summary>
internal sealed record InputAnswer(long Question, string? Text, string? Problem) : WorkerMessage;

/// <summary>
/// Requests a <see cref="MemoryReport"/> at an interval from now on, even while a cell runs. The reports also serve as a heartbeat.
/// </summary>
internal sealed record ReportMemory(TimeSpan Interval) : WorkerMessage;

/// <summary>Collects and compacts the heap, between cells. Answered by <see cref="MemoryReport"/>.</summary>
internal sealed record CollectGarbage(long Request) : WorkerMessage;

/// <summary>Reads the values of the variables, between cells. Answered by <see cref="StateRead"/>.</summary>
/// <param name="WithValues">Whether to send the values; otherwise only their fingerprint is sent.</param>
/// <param name="MaxBytes">The maximum size of the values; exceeding it is reported as a problem.</param>
/// <param name="GivesWay">Whether an arriving cell cancels the request.</param>
internal sealed record ReadState(long Request, bool WithValues, long MaxBytes, bool GivesWay) : WorkerMessage;

/// <summary>Reads the value of a variable. Answered by <see cref="VariableRead"/>.</summary>
internal sealed record ReadVariable(long Request, CellVariable Variable) : WorkerMessage;

/// <summary>Sets variables. Payload: the values. Answered by <see cref="StateSet"/>.</summary>
internal sealed record SetState(long Request) : WorkerMessage;

/// <summary>Measures which variables hold the most memory. Answered by <see cref="VariablesMeasured"/>.</summary>
internal sealed record MeasureVariables(long Request, int Count) : WorkerMessage;

// Worker to kernel.

/// <summary>An answer to a request that does not run user code.</summary>
internal interface IAnswer
{
    /// <summary>The number of the request.</summary>
    long Request { get; }
}

/// <summary>
/// The memory use of the worker's runtime: the answer to <see cref="CollectGarbage"/>, or sent at an interval with request 0.
/// </summary>
/// <param name="HeapBytes">The size of all objects, including garbage.</param>
/// <param name="CommittedBytes">The system memory committed to the heap.</param>
/// <param name="Assemblies">The number of loaded assemblies.</param>
internal sealed record MemoryReport(long Request, long HeapBytes, long CommittedBytes, int Assemblies) : WorkerMessage, IAnswer;

/// <summary>The values of the variables. Payload: the values, if requested.</summary>
/// <param name="Fingerprint">A hash that is equal for equal values; null if the values could not be read.</param>
/// <param name="Opaque">Variables that are not plain data; neither the fingerprint nor the values contain them.</param>
/// <param name="Problem">The reason why the values could not be read; null if they could.</param>
internal sealed record StateRead(long Request, string? Fingerprint, IReadOnlyList<OpaqueVariable> Opaque, string? Problem)
    : WorkerMessage, IAnswer;

/// <summary>A variable that is not plain data.</summary>
/// <param name="Reason">The type that is not plain data.</param>
internal sealed record OpaqueVariable(string Assembly, string Name, string Reason);

/// <summary>Answers a <see cref="SetState"/>.</summary>
/// <param name="Problem">The reason why values were not set; null if all were set.</param>
internal sealed record StateSet(long Request, string? Problem) : WorkerMessage, IAnswer;

/// <summary>The value of a variable in one line; null if reading it would run user code.</summary>
internal sealed record VariableRead(long Request, string? Text) : WorkerMessage, IAnswer;

/// <summary>The variables that hold the most memory, largest first.</summary>
internal sealed record VariablesMeasured(long Request, IReadOnlyList<VariableSize> Largest) : WorkerMessage, IAnswer;

/// <summary>The memory that a variable holds.</summary>
internal sealed record VariableSize(string Name, long Bytes);

/// <summary>The worker's first message; its signature proves that it comes from the worker that the kernel started.</summary>
/// <param name="Version">The version of the worker's program (<see cref="WorkerPrograms.Version"/>).</param>
internal sealed record Ready(int ProcessId, string Version) : WorkerMessage;

/// <summary>Text for stdout or stderr. Payload: the text as a JSON string literal.</summary>
internal sealed record StreamOutput(long Cell, string Name) : WorkerMessage;

/// <summary>Display data. Payload: the content of the message to the client, which may be large and is passed on unchanged.</summary>
/// <param name="Update">Whether to update the display with this id.</param>
internal sealed record DisplayOutput(long Cell, string? DisplayId, bool Update) : WorkerMessage;

/// <summary>Clears the output of the cell, immediately or when the next output arrives.</summary>
internal sealed record ClearCellOutput(long Cell, bool Wait) : WorkerMessage;

/// <summary>A comm message for front ends. Payload: data, metadata, buffers.</summary>
/// <param name="Type">The protocol's message type: comm_open, comm_msg or comm_close.</param>
/// <param name="Target">The target name of the comm.</param>
internal sealed record CommOutput(long Cell, string Type, string Comm, string Target) : WorkerMessage;

/// <summary>Registers a comm target that front ends can open from now on.</summary>
internal sealed record CommTarget(string Name) : WorkerMessage;

/// <summary>Registers a magic for later cells.</summary>
/// <param name="TakesText">Whether the lines below the magic are its text.</param>
/// <param name="Options">The options; null if the magic takes the rest of the line unparsed.</param>
internal sealed record MagicRegistered(long Cell, string Name, string Help, bool TakesText, IReadOnlyList<RegisteredOption>? Options)
    : WorkerMessage;

/// <summary>An option of a registered magic.</summary>
/// <param name="IsPositional">Whether the option also accepts a positional value.</param>
/// <param name="Proposals">Values that completion proposes.</param>
internal sealed record RegisteredOption(string Name, string Help, bool IsRequired, bool IsFlag, bool IsPositional,
    IReadOnlyList<string> Proposals);

/// <summary>
/// Rows of a table. Payload: the answer; empty if reading the rows would run user code, so that the query must be queued.
/// </summary>
internal sealed record TableRead(long Request) : WorkerMessage, IAnswer;

/// <summary>Asks the user for a line of input. Answered by <see cref="InputAnswer"/>.</summary>
internal sealed record InputQuestion(long Cell, long Question, string Prompt, bool Password) : WorkerMessage;

/// <summary>
/// Submits code of the running cell, which continues meanwhile. Answered by <see cref="RunSubmitted"/> or <see cref="RefuseSubmitted"/>.
/// </summary>
internal sealed record CodeSubmitted(long Cell, long Submission, string Code) : WorkerMessage;

/// <summary>The cell ended without an exception. Payload: empty, or data and metadata of the result.</summary>
/// <param name="Allocated">The number of bytes allocated while the cell ran.</param>
/// <param name="HasObeyed">
/// Whether the cell had its cancellation token and an interrupt cancelled it, so that the cell may have ended early.
/// </param>
internal sealed record CellReturned(long Cell, long Allocated, bool HasObeyed = false) : WorkerMessage;

/// <summary>The cell threw an exception.</summary>
/// <param name="Allocated">The number of bytes allocated while the cell ran.</param>
/// <param name="HasObeyed">See <see cref="CellReturned"/>.</param>
internal sealed record CellThrew(long Cell, ExceptionReport Exception, long Allocated, bool HasObeyed = false) : WorkerMessage;

/// <summary>The cell was ended by <see cref="InterruptCell"/>.</summary>
internal sealed record CellInterrupted(long Cell) : WorkerMessage;

/// <summary>An uncaught exception of a thread, task, timer or finalizer, or a call of Environment.Exit.</summary>
/// <param name="Cell">The cell that started the thread, task or timer; 0 if unknown.</param>
/// <param name="Assembly">If the cell's number is unknown, the assembly of the cell whose code threw; null if that is unknown too.</param>
/// <param name="Exception">The exception; null for Environment.Exit.</param>
/// <param name="EndsWorker">Whether the worker ends; otherwise only the thread ends.</param>
internal sealed record UncaughtException(long Cell, string? Assembly, ExceptionReport? Exception, bool EndsWorker) : WorkerMessage;

/// <summary>An exception as data. The kernel, which has the text of the cells, creates the traceback from it.</summary>
/// <param name="TypeName">The name of the exception type, without its namespace.</param>
/// <param name="Frames">The stack frames, innermost first, without the kernel's own.</param>
internal sealed record ExceptionReport(
    string TypeName, string Message, IReadOnlyList<FrameReport> Frames, IReadOnlyList<ExceptionReport> Inner)
{
    /// <summary>Returns a copy of the report in which one source is renamed.</summary>
    public ExceptionReport WithSource(string name, string newName) => this with
    {
        Frames = [.. Frames.Select(frame => frame.Source == name ? frame with { Source = newName } : frame)],
        Inner = [.. Inner.Select(inner => inner.WithSource(name, newName))],
    };
}

/// <summary>A stack frame.</summary>
/// <param name="Method">The method in C# notation; empty for a cell's top-level code.</param>
/// <param name="Source">The name of the cell or the path of the file; null without symbols.</param>
/// <param name="Line">The line number, from 1; 0 without symbols.</param>
/// <param name="Times">The number of consecutive identical frames.</param>
internal sealed record FrameReport(string Method, string? Source, int Line, int Times = 1);

/// <summary>The generated JSON serializers.</summary>
[JsonSerializable(typeof(WorkerMessage))]
internal sealed partial class WorkerMessageJson : JsonSerializerContext;
