using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace JupyterKernel.Display.Hosting;

/// <summary>
/// Runs this kernel's own code on a thread that runs user code and may be aborted at any instruction. An abort in a lock would leave that
/// taken, which <c>lock</c> does not prevent where the abort comes as the lock is being taken.
/// </summary>
[StackTraceHidden]
internal static class AbortSafe
{
    /// <summary>Runs code that no abort interrupts. It must not take long.</summary>
    /// <remarks>
    /// No thread is aborted inside a finally block. These methods must not be optimized: an empty try is removed, and its finally block
    /// with it.
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

    /// <summary>Runs code that no abort interrupts, and returns its result. It must not take long.</summary>
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
