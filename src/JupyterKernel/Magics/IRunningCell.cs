using JupyterKernel.Display;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;


namespace JupyterKernel.Magics;

/// <summary>The cell of a magic while it runs. Loop thread.</summary>
internal interface IRunningCell
{
    /// <summary>The history.</summary>
    NotebookSession Session { get; }

    /// <summary>The supervisor of the workers.</summary>
    Supervisor Supervisor { get; }

    /// <summary>The magics that the cell can use.</summary>
    MagicSet Magics { get; }

    /// <summary>The values stored by <c>#!value</c>.</summary>
    ValueStore Values { get; }

    /// <summary>The base of relative paths: the folder of the imported file, otherwise the kernel's.</summary>
    string Directory { get; }

    /// <summary>Cancelled when the user interrupts the cell.</summary>
    CancellationToken Cancellation { get; }

    /// <summary>Sets whether the following C# blocks are executed again in a fresh worker.</summary>
    ReplayPolicy Replay { set; }

    /// <summary>Shows a bundle among the cell's outputs.</summary>
    void Show(MimeBundle bundle);

    /// <summary>Writes a line to stderr.</summary>
    void Warn(string line);

    /// <summary>Requests that the time from now to the cell's end is shown after its result.</summary>
    void ShowTime();

    /// <summary>Asks the user.</summary>
    /// <returns>The answer; null if the client does not accept questions.</returns>
    /// <exception cref="OperationCanceledException">The cell was interrupted.</exception>
    Task<string?> AskAsync(string prompt, bool password);

    /// <summary>Runs the C# of a magic as a block of the cell.</summary>
    /// <param name="code">The C#, on one line, which gets the line number of the magic.</param>
    /// <param name="call">The magic.</param>
    /// <param name="isKept">Whether it joins the history.</param>
    Task<CellOutcome> RunCSharpAsync(string code, MagicCall call, bool isKept = true);

    /// <summary>Runs a file's cells as blocks of this cell.</summary>
    /// <param name="path">The full path.</param>
    Task<CellOutcome> ImportAsync(string path);
}
