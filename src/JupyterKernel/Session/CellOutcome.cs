using JupyterKernel.Link;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Session;

/// <summary>How a cell ended: one closed set.</summary>
internal abstract record CellOutcome
{
    private CellOutcome() { }

    /// <summary>How much the worker allocated meanwhile, in bytes.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>It ran to its end. Accepted.</summary>
    /// <param name="Data">The result's MIME bundle as a JSON object; null where there is no result.</param>
    /// <param name="Metadata">The bundle's metadata as a JSON object.</param>
    public sealed record Returned(byte[]? Data, byte[]? Metadata) : CellOutcome;

    /// <summary>It ran until it threw. Accepted: what it had assigned stays.</summary>
    public sealed record Threw(ExceptionReport Exception) : CellOutcome;

    /// <summary>It never ran.</summary>
    public sealed record DidNotCompile(IReadOnlyList<Diagnostic> Errors) : CellOutcome;

    /// <summary>The user ended it, or the kernel for a reason of its own. Not accepted.</summary>
    /// <param name="Why">The kernel's reason; null if the user did.</param>
    public sealed record Interrupted(string? Why = null) : CellOutcome;

    /// <summary>Its worker ended, or none could be had. Not accepted.</summary>
    /// <param name="Cause">What happened, for the user.</param>
    /// <param name="Details">What the runtime printed about it, line by line.</param>
    /// <param name="Restored">How many earlier cells are executed again to restore the state.</param>
    public sealed record WorkerLost(string Cause, IReadOnlyList<string> Details, int Restored = 0) : CellOutcome
    {
        /// <summary>Whether another process probably ended it.</summary>
        public bool FromOutside { get; init; }

        /// <summary>Whether the kernel terminated it.</summary>
        public bool ByKernel { get; init; }

        /// <summary>The number of the cell on whose thread, task or timer it ended; 0 if that is not known.</summary>
        public long OwnerCell { get; init; }

        /// <summary>The assembly or the class of a cell whose code ended it; null if that is not known.</summary>
        public string? OwnerCode { get; init; }
    }

    /// <summary>It never ran.</summary>
    /// <param name="Name">The kind of reason, as an exception's type is named.</param>
    /// <param name="Reason">Why, and what to do.</param>
    public sealed record Refused(string Name, string Reason) : CellOutcome
    {
        /// <summary>The line that it is about, from 1, of the cell or file of that name; null if it is the whole cell.</summary>
        public (string Source, int Line)? Place { get; init; }
    }

    /// <summary>Whether the cell joins the session's history: it ran to its own end, whether it returned or threw.</summary>
    public bool IsAccepted => this is Returned or Threw;
}
