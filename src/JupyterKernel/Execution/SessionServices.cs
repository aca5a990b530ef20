using JupyterKernel.History;
using JupyterKernel.Magics;
using JupyterKernel.Session;
using JupyterKernel.Sockets;
using JupyterKernel.Supervision;

namespace JupyterKernel.Execution;

/// <summary>What the running requests of a session have in common, for as long as the kernel lives. Loop thread.</summary>
/// <param name="Outputs">Publishes what code outputs.</param>
/// <param name="Questions">Asks the user.</param>
/// <param name="Notices">Reports what became of the session's state.</param>
internal sealed record SessionServices(
    JupyterSockets Sockets, NotebookSession Session, HistoryStore History, Supervisor Supervisor, Outputs Outputs, Questions Questions, Notices Notices)
{
    /// <summary>Restores packages.</summary>
    public PackageInstaller Installer { get; } = new(Sockets, Session);

    /// <summary>Takes cells into the history, and out of it.</summary>
    public Commits Commits { get; } = new(Session, Supervisor, Notices);

    /// <summary>What <c>#!value</c> has stored.</summary>
    public ValueStore Values { get; } = new();
}
