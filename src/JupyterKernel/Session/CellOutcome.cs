using JupyterKernel.Link;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Session;

/// <summary>The outcome of a cell: a closed set of cases.</summary>
internal abstract record CellOutcome
{
    private CellOutcome() { }

    /// <summary>The number of bytes that the worker allocated while the cell ran.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Whether the cell ended because it obeyed an interrupt; without one it might run indefinitely.</summary>
    public bool HasObeyed { get; init; }

    /// <summary>The cell ran to its end. Accepted.</summary>
    /// <param name="Data">The result's MIME bundle as a JSON object; null if there is no result.</param>
    /// <param name="Metadata">The bundle's metadata as a JSON object.</param>
    public sealed record Returned(byte[]? Data, byte[]? Metadata) : CellOutcome;

    /// <summary>The cell ran until it threw. Accepted: its assignments are kept.</summary>
    public sealed record Threw(ExceptionReport Exception) : CellOutcome;

    /// <summary>The cell did not compile and never ran.</summary>
    public sealed record DidNotCompile(IReadOnlyList<Diagnostic> Errors) : CellOutcome;

    /// <summary>The cell was interrupted by the user, or by the kernel for a reason of its own. Not accepted.</summary>
    /// <param name="Why">The kernel's reason; null if the user interrupted the cell.</param>
    public sealed record Interrupted(string? Why = null) : CellOutcome;

    /// <summary>The cell's worker was lost, or none could be started. Not accepted.</summary>
    /// <param name="Cause">The cause, for the user.</param>
    /// <param name="Details">The runtime's output about the loss, line by line.</param>
    /// <param name="Restored">The number of earlier cells that are replayed to restore the state.</param>
    public sealed record WorkerLost(string Cause, IReadOnlyList<string> Details, int Restored = 0) : CellOutcome
    {
        /// <summary>Whether another process probably ended the worker.</summary>
        public bool FromOutside { get; init; }

        /// <summary>Whether the kernel terminated the worker.</summary>
        public bool ByKernel { get; init; }

        /// <summary>The number of the cell whose thread, task or timer ended the worker; 0 if unknown.</summary>
        public long OwnerCell { get; init; }

        /// <summary>The assembly or class of the cell whose code ended the worker; null if unknown.</summary>
        public string? OwnerCode { get; init; }
    }

    /// <summary>The cell was refused and never ran.</summary>
    /// <param name="Name">The kind of refusal, in the form of an exception type's name.</param>
    /// <param name="Reason">What is wrong and what the user can do about it.</param>
    public sealed record Refused(string Name, string Reason) : CellOutcome
    {
        /// <summary>The line of the named cell or file that the reason refers to, from 1; null if it refers to the whole cell.</summary>
        public (string Source, int Line)? Place { get; init; }
    }

    /// <summary>Whether the cell is added to the history: it returned or threw.</summary>
    public bool IsAccepted => this is Returned or Threw;
}
