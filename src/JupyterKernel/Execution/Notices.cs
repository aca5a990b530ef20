using JupyterKernel.Settings;

namespace JupyterKernel.Execution;

/// <summary>
/// Holds notices about the session's state until a cell runs, because front ends drop output for a cell that has ended. Loop thread.
/// </summary>
internal sealed class Notices
{
    private readonly Queue<(string Text, bool IsLoss)> waiting = new();
    private RunningCell? cell;

    /// <summary>Adds a notice about the session's state.</summary>
    /// <param name="isLoss">Whether state may differ from before; such notices are shown regardless of the settings.</param>
    public void Add(string text, bool isLoss)
    {
        waiting.Enqueue((text, isLoss));
        Show();
    }

    /// <summary>Shows notices in the output of this cell from now on.</summary>
    public void Begin(RunningCell running)
    {
        cell = running;
        Show();
    }

    /// <summary>Ends the cell.</summary>
    public void End() => cell = null;

    /// <summary>Whether a cell shows notices that do not report a loss: by default for an interactive user, not in a batch run.</summary>
    public static bool AreShownIn(RunningCell cell) =>
        KernelSettings.Current.Notices switch { "on" => true, "off" => false, _ => cell.AllowsQuestions };

    private void Show()
    {
        while (cell is not null && waiting.TryDequeue(out var notice))
        {
            if (notice.IsLoss || AreShownIn(cell)) cell.Warn(notice.Text);
        }
    }
}
