using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using JupyterKernel.Worker.Values;

namespace JupyterKernel.Worker.State;

/// <summary>
/// The session's submissions. A submission is an object of a cell's class, which has the cell's variables as fields and its top-level code
/// as an async method; it puts itself into the array that later ones find it in. Cell thread, unless said otherwise.
/// Source: https://github.com/dotnet/roslyn/blob/main/src/Compilers/CSharp/Portable/Symbols/Synthesized/SynthesizedInteractiveInitializerMethod.cs
/// </summary>
internal sealed class Submissions
{
    private const BindingFlags Instance = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;

    // Slot 0 is for a host object, which cells here have none of; Roslyn numbers submissions from 1.
    private object?[] slots = new object?[64];
    private int started;

    /// <summary>The submissions in the order of their cells. Any thread.</summary>
    public IEnumerable<object> All => slots.OfType<object>();

    /// <summary>Makes room for one more submission.</summary>
    /// <remarks>The number of a cell that was not kept is used again, so there are never more submissions than cells.</remarks>
    public void MakeRoom()
    {
        if (++started + 1 >= slots.Length) Array.Resize(ref slots, slots.Length * 2);
    }

    /// <summary>Creates a submission and runs none of its code.</summary>
    public object Create(Type type)
    {
        (AssemblyLoadContext.GetLoadContext(type.Assembly) as CellLoadContext)?.InitializeLibraryOf(type.Assembly);
        return type.GetConstructors(Instance)[0].Invoke([slots]);
    }

    /// <summary>
    /// Creates a submission and runs its code to the first await that waits. What the code does to the execution context
    /// (<see cref="AsyncLocal{T}"/>, the culture) is done to the calling thread's.
    /// </summary>
    /// <remarks>
    /// Its entry method does the same, but every cell has a state machine of its own, for which the runtime would compile that method and
    /// four more generic ones: more than half of what a small cell costs. So the state machine is set up here, as the compiler's code does
    /// it, and its one method called.
    /// </remarks>
    public Task<object?> Begin(Type type, string entryMethod)
    {
        var machine = type.GetNestedType("<<Initialize>>d__0", BindingFlags.Public | BindingFlags.NonPublic);
        if (machine?.GetField("<>1__state", Instance) is not { } state
            || machine.GetField("<>t__builder", Instance) is not { } builder
            || builder.FieldType != typeof(AsyncTaskMethodBuilder<object?>))
        {
            return type.GetMethod(entryMethod, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!
                .CreateDelegate<Func<object?[], Task<object?>>>()(slots);
        }

        var running = (IAsyncStateMachine)RuntimeHelpers.GetUninitializedObject(machine);
        var submission = Create(type);

        // Code that uses none of its cell's variables has no such field.
        machine.GetField("<>4__this", Instance)?.SetValue(running, submission);
        state.SetValue(running, -1);
        running.MoveNext();
        return ((AsyncTaskMethodBuilder<object?>)builder.GetValue(running)!).Task;
    }

    /// <summary>Removes the submission of an entry type: later cells see none of its variables.</summary>
    public void Drop(string entryType)
    {
        var slot = Array.FindLastIndex(slots, submission => submission?.GetType().FullName == entryType);
        if (slot >= 0) slots[slot] = null;
    }

    /// <summary>The value of a variable of an entry type; null if there is no such variable.</summary>
    public object? ValueOf(string entryType, string variable) =>
        Array.FindLast(slots, submission => submission?.GetType().FullName == entryType) is { } submission
            ? submission.GetType().GetField(variable, Instance)?.GetValue(submission)
            : null;

    /// <summary>Finds the value of the session's variable of a name. Any thread.</summary>
    public bool TryGetVariable(string name, out object? value)
    {
        var found = Variable.Of(All, []).LastOrDefault(variable => variable.Submission is not null && variable.Name == name);
        value = found?.Value;
        return found is not null;
    }
}
