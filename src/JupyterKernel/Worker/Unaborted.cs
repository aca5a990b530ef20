using System.Runtime.CompilerServices;

namespace JupyterKernel.Worker;

/// <summary>
/// This kernel's own code on a thread that runs user code and may be aborted at any instruction: in a lock, it would leave
/// that taken for ever, which <c>lock</c> does not prevent where the abort comes as the lock is being taken.
/// </summary>
internal static class Unaborted
{
    /// <summary>Runs code that no abort interrupts; it must not take long.</summary>
    /// <remarks>
    /// No thread is aborted inside a finally block. This must not be optimized: an empty try is taken away, and its finally
    /// block with it.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoOptimization)]
    public static void Run<T>(T argument, Action<T> code)
        where T : allows ref struct
    {
        try
        {
        }
        finally
        {
            code(argument);
        }
    }

    /// <summary>The same for code that finds something out.</summary>
    [MethodImpl(MethodImplOptions.NoOptimization)]
    public static TResult Run<T, TResult>(T argument, Func<T, TResult> code)
        where T : allows ref struct
    {
        TResult result;
        try
        {
        }
        finally
        {
            result = code(argument);
        }

        return result;
    }
}
