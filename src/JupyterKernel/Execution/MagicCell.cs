using System.Diagnostics;
using System.Globalization;
using JupyterKernel.Display;
using JupyterKernel.Magics;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;

namespace JupyterKernel.Execution;

/// <summary>
/// Runs a cell with magics or in another language, block by block; each C# block is its own submission. An error ends the cell. The blocks
/// form one cell of the history: if the cell is interrupted or its worker is lost, all are rolled back. Loop thread.
/// </summary>
internal sealed class MagicCell : IRunningCell
{
    private static readonly StringComparer Paths = OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()
        ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    private readonly SessionServices services;
    private readonly RunningCell cell;
    private readonly ExecuteRequest content;
    private readonly CellPart whole;
    private readonly List<Stopwatch> times = [];
    private readonly Stack<string> importing = new();
    private CellPart? latest;
    private ReplayPolicy? replay;
    private string name;

    /// <param name="whole">The cell as a single block.</param>
    public MagicCell(SessionServices services, RunningCell cell, ExecuteRequest content, CellPart whole)
    {
        (this.services, this.cell, this.content, this.whole) = (services, cell, content, whole);
        name = whole.Name;
    }

    /// <inheritdoc/>
    public NotebookSession Session => services.Session;

    /// <inheritdoc/>
    public Supervisor Supervisor => services.Supervisor;

    /// <inheritdoc/>
    public MagicSet Magics { get; private set; } = new([]);

    /// <inheritdoc/>
    public ValueStore Values => services.Values;

    /// <inheritdoc/>
    public string Directory => importing.TryPeek(out var file) ? Path.GetDirectoryName(file)! : Environment.CurrentDirectory;

    /// <inheritdoc/>
    public CancellationToken Cancellation => cell.Interruption;

    /// <inheritdoc/>
    public ReplayPolicy Replay
    {
        set => replay = value;
    }

    /// <summary>Runs the cell to its end.</summary>
    /// <returns>The outcome of the last block that ran.</returns>
    public async Task<CellOutcome> RunAsync()
    {
        var values = Values.All;
        try
        {
            var outcome = await RunTextAsync(content.Code, content.Language ?? CellLanguage.CSharp.Name);
            if (outcome is CellOutcome.Interrupted or CellOutcome.WorkerLost)
            {
                services.Commits.RollBack(whole.Number);
                Values.All = values;
            }

            services.Commits.Commit(whole.Number);
            return outcome;
        }
        finally
        {
            if (latest is not null) Supervisor.EndCell();
        }
    }

    /// <summary>Shows the elapsed times that were requested.</summary>
    public void ShowTimes()
    {
        foreach (var time in times)
        {
            Show(MimeBundle.PlainText(string.Create(CultureInfo.InvariantCulture, $"Wall time: {time.Elapsed.TotalMilliseconds}ms")));
        }
    }

    /// <inheritdoc/>
    public void Show(MimeBundle bundle) => cell.Show(bundle);

    /// <inheritdoc/>
    public void Warn(string line) => cell.Warn(line);

    /// <inheritdoc/>
    public void ShowTime() => times.Add(Stopwatch.StartNew());

    /// <inheritdoc/>
    public Task<string?> AskAsync(string prompt, bool password) => cell.AskAsync(prompt, password);

    /// <inheritdoc/>
    public Task<CellOutcome> RunCSharpAsync(string code, MagicCall call, bool isKept = true) =>
        RunBlockAsync(new string('\n', call.Line - 1) + code, isKept);

    /// <inheritdoc/>
    public async Task<CellOutcome> ImportAsync(string path)
    {
        if (importing.Contains(path, Paths))
            return TableOutput.Refused(
                $"{Path.GetFileName(path)} imports itself: "
                + $"{string.Join(" imports ", importing.Reverse().Append(path).Select(Path.GetFileName))}.");
        ImportedFile file;
        try
        {
            file = await Task.Run(() => ImportedFile.Read(path));
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return TableOutput.Refused($"Nothing was imported: {unusable.Message}");
        }

        var importer = name;
        importing.Push(path);
        try
        {
            foreach (var imported in file.Cells)
            {
                name = imported.Name;
                var outcome = await RunTextAsync(imported.Source, imported.Language);
                if (outcome is CellOutcome.Refused { Name: CellLanguage.NotSupported } foreign && file.IsNotebook)
                {
                    Warn($"{imported.Name} was skipped. {foreign.Reason}");
                }
                else if (outcome is CellOutcome.Returned { Data: { } data, Metadata: { } metadata }) cell.Show(data, metadata);
                else if (outcome is not CellOutcome.Returned) return outcome;
            }

            return TableOutput.Nothing;
        }
        finally
        {
            importing.Pop();
            name = importer;
        }
    }

    private async Task<CellOutcome> RunTextAsync(string text, string language)
    {
        if (CellLanguage.Find(language) is not { } known) return ForeignLanguage.Refuse(language);
        Magics = new(Session.Magics);
        var blocks = await Task.Run(() => CellBlocks.Of(text, Magics.Find, known));

        // Unknown and malformed magics are reported before any block runs, like compile errors.
        var calls = new MagicCall?[blocks.Count];
        for (var i = 0; i < blocks.Count; i++)
        {
            if (blocks[i].Magic is not { } magicName) continue;
            var magic = Magics.Find(magicName);
            var problem = magic is null ? Magics.Unknown(magicName) : null;
            if (magic is null && text.Contains("Magic.Register(", StringComparison.Ordinal))
            {
                problem += " A magic can be used from the cell after the one that registers it.";
            }
            if (magic is not null) (calls[i], problem) = MagicCall.Parse(magic, blocks[i]);
            if (magic is { StandsAlone: true } && (blocks.Count > 1 || importing.Count > 0))
            {
                problem = $"{magic.Name} must be alone in its cell, and cannot be in an imported file.";
            }
            if (problem is not null)
            {
                return TableOutput.Refused(problem) with
                {
                    Place = blocks[i].Line == 1 && blocks.Count == 1 ? null : (name, blocks[i].Line),
                };
            }
        }

        CellOutcome outcome = TableOutput.Nothing;
        for (var i = 0; i < blocks.Count; i++)
        {
            if (outcome is CellOutcome.Returned { Data: { } data, Metadata: { } metadata }) cell.Show(data, metadata);
            if (Cancellation.IsCancellationRequested) return new CellOutcome.Interrupted();
            outcome = calls[i] is { } call ? await RunMagicAsync(call) : await RunBlockAsync(blocks[i].Text, isKept: true);
            if (outcome is not CellOutcome.Returned) return outcome;
        }

        return outcome;
    }

    private async Task<CellOutcome> RunMagicAsync(MagicCall call)
    {
        if (call.WantsHelp) return TableOutput.Of(MagicCall.Help(call.Magic));
        try
        {
            var values = call.Values.ToDictionary();
            foreach (var (parameter, value) in call.Values)
            {
                if (value.Kind is not (MagicValueKind.Input or MagicValueKind.Password)
                    || call.Magic.Parameters.Any(known => known.Name == parameter && known.TakesReference))
                {
                    continue;
                }
                if (await AskAsync(value.Text, value.Kind == MagicValueKind.Password) is not { } answer)
                    return TableOutput.Refused(
                        $"{call.Magic.Name} needs input for {parameter}, but the client that ran this cell does not support input "
                        + "requests.");
                values[parameter] = new(MagicValueKind.Literal, answer);
            }

            return await call.Magic.Run(call with { Values = values }, this);
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            return new CellOutcome.Interrupted();
        }
    }

    /// <summary>Runs C# as the next block.</summary>
    private async Task<CellOutcome> RunBlockAsync(string code, bool isKept)
    {
        if (latest is null) await Supervisor.BeginCellAsync(Cancellation);
        var number = latest is null ? whole.Number : Session.NextNumber();
        if (latest is not null) cell.BeginBlock(number);
        latest = new CellPart(number, code, name)
        {
            Whole = whole.Number,
            AllowStdin = whole.AllowStdin,
            IsKept = isKept,
            IsBlock = true,
            Replay = replay,
            Directory = importing.Count > 0 ? Directory : null,
        };
        return Cancellation.IsCancellationRequested ? new CellOutcome.Interrupted()
            : await new RunningBlock(services, cell, latest).RunAsync();
    }
}
