using JupyterKernel.Session;
using JupyterKernel.Settings;


namespace JupyterKernel.Execution;

/// <summary>Code that is compiled and run as one submission: a cell, or a block of a cell.</summary>
/// <param name="Number">The number of the part in the session.</param>
/// <param name="Name">The name of the part in diagnostics and stack traces.</param>
internal sealed record CellPart(long Number, string Code, string Name)
{
    /// <summary>For a block, the number of the cell's first block; otherwise the cell's own number.</summary>
    public long Whole { get; init; } = Number;

    /// <summary>Whether this is a block of a cell, which is rolled back if a later block is interrupted or loses its worker.</summary>
    public bool IsBlock { get; init; }

    /// <summary>Whether the client supports input requests.</summary>
    public bool AllowStdin { get; init; }

    /// <summary>Whether the part is added to the history when it is accepted.</summary>
    public bool IsKept { get; init; } = true;

    /// <summary>The replay policy; null for the one in the settings.</summary>
    public ReplayPolicy? Replay { get; init; }

    /// <summary>The number of the cell whose packages run this code; 0 for a cell of the user.</summary>
    public long LoadedFor { get; init; }

    /// <summary>The folder that relative paths refer to; null for the kernel's working directory.</summary>
    public string? Directory { get; init; }
}
