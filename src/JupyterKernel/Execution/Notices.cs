using JupyterKernel.Settings;

namespace JupyterKernel.Execution;

/// <summary>
/// Reports about the session's state that wait for a cell to be shown in: front ends drop what is published for a cell that has ended. Loop thread.
/// </summary>
internal sealed class Notices
{
    private readonly Queue<(string Text, bool IsLoss)> waiting = new();
    private RunningCell? cell;

    /// <summary>Reports what became of the session's state.</summary>
    /// <param name="isLoss">Whether something may differ from before, which is reported whatever the settings.</param>
    public void Add(string text, bool isLoss)
    {
        waiting.Enqueue((text, isLoss));
        Show();
    }

    /// <summary>A cell began whose outputs are shown.</summary>
    public void Begin(RunningCell running)
    {
        cell = running;
        Show();
    }

    /// <summary>It has ended.</summary>
    public void End() => cell = null;

    /// <summary>Whether reports that are no loss are shown in this cell: to somebody at a keyboard, not in a batch run.</summary>
    public static bool AreShownIn(RunningCell cell) => KernelSettings.Current.Notices switch { "on" => true, "off" => false, _ => cell.AllowsQuestions };

    private void Show()
    {
        while (cell is not null && waiting.TryDequeue(out var notice))
        {
            if (notice.IsLoss || AreShownIn(cell)) cell.Warn(notice.Text);
        }
    }
}
