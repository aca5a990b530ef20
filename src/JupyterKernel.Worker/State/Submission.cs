using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace JupyterKernel.Worker.State;

/// <summary>
/// How a cell's assembly is set going. Its class, a submission, has the cell's variables as fields and its top-level code as
/// an async method. Cell thread.
/// Source: https://github.com/dotnet/roslyn/blob/main/src/Compilers/CSharp/Portable/Symbols/Synthesized/SynthesizedInteractiveInitializerMethod.cs
/// </summary>
internal static class Submission
{
    private const BindingFlags Instance = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;

    /// <summary>Makes a submission, which puts itself into the array, and runs none of its code.</summary>
    public static object Create(Type type, object?[] submissions)
    {
        (AssemblyLoadContext.GetLoadContext(type.Assembly) as CellLoadContext)?.InitializeLibraryOf(type.Assembly);
        return type.GetConstructors(Instance)[0].Invoke([submissions]);
    }

    /// <summary>
    /// Makes a submission and runs its code to the first await that waits. What the code does to the execution context (<see cref="AsyncLocal{T}"/>,
    /// the culture) is done to the calling thread's.
    /// </summary>
    /// <remarks>
    /// Its entry method does the same, but every cell has a state machine of its own, for which the runtime would compile
    /// that method and four more generic ones: more than half of what a small cell costs. So the state machine is set up
    /// here, as the compiler's code does it, and its one method called.
    /// </remarks>
    public static Task<object?> Begin(Type type, string entryMethod, object?[] submissions)
    {
        var machine = type.GetNestedType("<<Initialize>>d__0", BindingFlags.Public | BindingFlags.NonPublic);
        if (machine?.GetField("<>1__state", Instance) is not { } state
            || machine.GetField("<>t__builder", Instance) is not { } builder || builder.FieldType != typeof(AsyncTaskMethodBuilder<object?>))
        {
            return type.GetMethod(entryMethod, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!
                .CreateDelegate<Func<object?[], Task<object?>>>()(submissions);
        }

        var running = (IAsyncStateMachine)RuntimeHelpers.GetUninitializedObject(machine);
        var submission = Create(type, submissions);

        // Code that uses none of its cell's variables has no such field.
        machine.GetField("<>4__this", Instance)?.SetValue(running, submission);
        state.SetValue(running, -1);
        running.MoveNext();
        return ((AsyncTaskMethodBuilder<object?>)builder.GetValue(running)!).Task;
    }
}
