using JupyterKernel.History;
using JupyterKernel.Magics;
using JupyterKernel.Session;
using JupyterKernel.Sockets;
using JupyterKernel.Supervision;

namespace JupyterKernel.Execution;

/// <summary>The services shared by the running requests of a session, for the lifetime of the kernel. Loop thread.</summary>
/// <param name="Outputs">Publishes the output of code.</param>
/// <param name="Questions">Asks the user.</param>
/// <param name="Notices">Reports changes to the session's state.</param>
internal sealed record SessionServices(
    JupyterSockets Sockets, NotebookSession Session, HistoryStore History, Supervisor Supervisor, Outputs Outputs, Questions Questions,
    Notices Notices)
{
    /// <summary>Restores packages.</summary>
    public PackageInstaller Installer { get; } = new(Sockets, Session);

    /// <summary>Adds cells to the history and removes them.</summary>
    public Commits Commits { get; } = new(Session, Supervisor, Notices);

    /// <summary>The values stored by <c>#!value</c>.</summary>
    public ValueStore Values { get; } = new();
}
