using JupyterKernel.Display;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;


namespace JupyterKernel.Magics;

/// <summary>The cell that a magic stands in, while it runs. Loop thread.</summary>
internal interface IRunningCell
{
    /// <summary>The history.</summary>
    NotebookSession Session { get; }

    /// <summary>The workers.</summary>
    Supervisor Supervisor { get; }

    /// <summary>The magics that it can use.</summary>
    MagicSet Magics { get; }

    /// <summary>What <c>#!value</c> has stored.</summary>
    ValueStore Values { get; }

    /// <summary>What relative paths start from: the folder of the file that is imported, else the kernel's.</summary>
    string Directory { get; }

    /// <summary>Cancelled when the user interrupts the cell.</summary>
    CancellationToken Cancellation { get; }

    /// <summary>Whether the C# blocks behind are executed again in a fresh worker.</summary>
    ReplayPolicy Replay { set; }

    /// <summary>Shows something among the cell's outputs.</summary>
    void Show(MimeBundle bundle);

    /// <summary>Writes a line to stderr.</summary>
    void Warn(string line);

    /// <summary>Has the time from here to the cell's end shown behind its result.</summary>
    void ShowTime();

    /// <summary>Asks the user.</summary>
    /// <returns>The answer; null if the client takes no questions.</returns>
    /// <exception cref="OperationCanceledException">The cell was interrupted.</exception>
    Task<string?> AskAsync(string prompt, bool password);

    /// <summary>Runs C# that a magic stands for, as a block of the cell.</summary>
    /// <param name="code">On one line, whose number becomes that of the magic.</param>
    /// <param name="call">The magic.</param>
    /// <param name="isKept">Whether it joins the history.</param>
    Task<CellOutcome> RunCSharpAsync(string code, MagicCall call, bool isKept = true);

    /// <summary>Runs a file's cells as blocks of this cell.</summary>
    /// <param name="path">A full path.</param>
    Task<CellOutcome> ImportAsync(string path);
}
