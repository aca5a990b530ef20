using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace JupyterKernel.Display.Hosting;

/// <summary>
/// Runs the kernel's own code on a thread that runs user code and may be aborted at any instruction. An abort may leave a lock held:
/// <c>lock</c> does not release it if the abort comes while the lock is being acquired.
/// </summary>
[StackTraceHidden]
internal static class AbortSafe
{
    /// <summary>Runs code that an abort does not interrupt. The code must be short.</summary>
    /// <remarks>
    /// A thread is not aborted inside a finally block. These methods must not be optimized, because the optimizer removes an empty try
    /// together with its finally block.
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

    /// <summary>Runs code that an abort does not interrupt, and returns its result. The code must be short.</summary>
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
