using JupyterKernel.Session;
using JupyterKernel.Settings;


namespace JupyterKernel.Execution;

/// <summary>Code that is compiled and run as one submission: a cell, or a block of a cell.</summary>
/// <param name="Number">Its number in the session.</param>
/// <param name="Name">Its name in diagnostics and stack traces.</param>
internal sealed record CellPart(long Number, string Code, string Name)
{
    /// <summary>The number of the cell's first block, usually this one.</summary>
    public long Whole { get; init; } = Number;

    /// <summary>Whether it may be rolled back with the rest of its cell after it has ended.</summary>
    public bool IsBlock { get; init; }

    /// <summary>Whether the client answers questions.</summary>
    public bool AllowStdin { get; init; }

    /// <summary>Whether it joins the history if it completes.</summary>
    public bool IsKept { get; init; } = true;

    /// <summary>The replay policy; null for the default in the settings.</summary>
    public ReplayPolicy? Replay { get; init; }

    /// <summary>The number of the cell whose packages require it; 0 for a cell of the user.</summary>
    public long LoadedFor { get; init; }

    /// <summary>The base of relative paths; null for the kernel's folder.</summary>
    public string? Directory { get; init; }
}
