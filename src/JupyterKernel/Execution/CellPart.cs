using JupyterKernel.Session;
using JupyterKernel.Settings;


namespace JupyterKernel.Execution;

/// <summary>What is compiled and run as one submission: a cell, or a block of one.</summary>
/// <param name="Number">Its number in the session.</param>
/// <param name="Name">How diagnostics and stack traces call it.</param>
internal sealed record CellPart(long Number, string Code, string Name)
{
    /// <summary>The number of the cell's first block, most often its own.</summary>
    public long Whole { get; init; } = Number;

    /// <summary>Whether it may be taken back with the rest of its cell, after it has ended.</summary>
    public bool IsBlock { get; init; }

    /// <summary>Whether the client answers questions.</summary>
    public bool AllowStdin { get; init; }

    /// <summary>Whether it joins the history if it ends by itself.</summary>
    public bool IsKept { get; init; } = true;

    /// <summary>Whether it is executed again; null for what the settings say.</summary>
    public ReplayPolicy? Replay { get; init; }

    /// <summary>The cell whose packages want it run; 0 for a cell of the user's.</summary>
    public long LoadedFor { get; init; }

    /// <summary>What relative paths start from; null for the kernel's folder.</summary>
    public string? Directory { get; init; }
}
