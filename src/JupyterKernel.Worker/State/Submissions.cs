using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using JupyterKernel.Worker.Values;

namespace JupyterKernel.Worker.State;

/// <summary>
/// The session's submissions. A submission is an instance of a cell's class, with the cell's variables as fields and its top-level code as
/// an async method. It adds itself to an array in which later submissions find it. Cell thread, unless stated otherwise.
/// Source:
/// https://github.com/dotnet/roslyn/blob/main/src/Compilers/CSharp/Portable/Symbols/Synthesized/SynthesizedInteractiveInitializerMethod.cs
/// </summary>
internal sealed class Submissions
{
    private const BindingFlags Instance = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;

    // Slot 0 is for the host object, which does not exist here; Roslyn numbers submissions from 1.
    private object?[] slots = new object?[64];
    private int started;

    /// <summary>The submissions in the order of their cells. Any thread.</summary>
    public IEnumerable<object> All => slots.OfType<object>();

    /// <summary>Makes room for one more submission.</summary>
    /// <remarks>The slot of a cell that was not accepted is reused, so there are never more submissions than cells.</remarks>
    public void MakeRoom()
    {
        if (++started + 1 >= slots.Length) Array.Resize(ref slots, slots.Length * 2);
    }

    /// <summary>Creates a submission without running its code.</summary>
    public object Create(Type type)
    {
        (AssemblyLoadContext.GetLoadContext(type.Assembly) as CellLoadContext)?.InitializeLibraryOf(type.Assembly);
        return type.GetConstructors(Instance)[0].Invoke([slots]);
    }

    /// <summary>
    /// Creates a submission and runs its code up to the first await that waits. The code's changes to the execution context
    /// (<see cref="AsyncLocal{T}"/>, the culture) apply to the calling thread.
    /// </summary>
    /// <remarks>
    /// The entry method does the same. But every cell has its own state machine type, for which the runtime would compile that method and
    /// four generic ones, more than half the cost of a small cell. So the state machine is set up here as in the compiler's code, and only
    /// its own method is called.
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

        // Code that uses no variable of its own cell does not have this field.
        machine.GetField("<>4__this", Instance)?.SetValue(running, submission);
        state.SetValue(running, -1);
        running.MoveNext();
        return ((AsyncTaskMethodBuilder<object?>)builder.GetValue(running)!).Task;
    }

    /// <summary>Removes the submission with a given class, so that later cells do not see its variables.</summary>
    public void Drop(string entryType)
    {
        var slot = Array.FindLastIndex(slots, submission => submission?.GetType().FullName == entryType);
        if (slot >= 0) slots[slot] = null;
    }

    /// <summary>Returns the value of a variable of the submission with a given class; null if there is no such variable.</summary>
    public object? ValueOf(string entryType, string variable) =>
        Array.FindLast(slots, submission => submission?.GetType().FullName == entryType) is { } submission
            ? submission.GetType().GetField(variable, Instance)?.GetValue(submission)
            : null;

    /// <summary>Finds the value of a session variable by name. Any thread.</summary>
    public bool TryGetVariable(string name, out object? value)
    {
        var found = Variable.Of(All, []).LastOrDefault(variable => variable.Submission is not null && variable.Name == name);
        value = found?.Value;
        return found is not null;
    }
}
