using System.Collections.Concurrent;

namespace JupyterKernel.Compilation;

/// <summary>
/// The one thread that compiles cells, one after the other. Its stack is deep, since Roslyn recurses as deeply as the
/// code nests, and it is there from the start, so that no cell waits for a pool thread.
/// </summary>
internal static class CompilationThread
{
    private const int StackBytes = 64 * 1024 * 1024;

    private static readonly BlockingCollection<Action> Work = [];

    /// <summary>Runs a function on the thread; its exception becomes the task's.</summary>
    public static Task<T> Run<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (OperationCanceledException)
            {
                result.SetCanceled();
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        });
        return result.Task;
    }

    /// <summary>Starts the thread. Call once.</summary>
    public static void Start() => new Thread(
        () =>
        {
            foreach (var work in Work.GetConsumingEnumerable()) work();
        },
        StackBytes)
    {
        IsBackground = true,
        Name = "compilation",
    }.Start();
}
