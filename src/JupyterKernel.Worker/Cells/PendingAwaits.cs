using System.Reflection;
using System.Runtime.CompilerServices;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Finds the awaits in which an async method of a cell is pending, and ends them: the innermost methods are resumed with an exception, so
/// that their <c>finally</c> and <c>using</c> blocks run; the methods that await them then continue as usual. There is no public API for
/// this, so the fields of the compiler's state machines, and of the runtime's boxes of them, are read. An awaiter without a task or value
/// task source is left alone. Cell thread.
/// Source:
/// https://github.com/dotnet/runtime/blob/main/src/libraries/System.Private.CoreLib/src/System/Runtime/CompilerServices/AsyncTaskMethodBuilderT.cs
/// </summary>
/// <param name="methods">Returns the tasks of the outermost methods.</param>
/// <param name="isOwn">
/// Whether a state machine, given its type and the context in which it awaits, is the cell's. Others are not resumed: a method of the
/// framework may still be using a buffer, and methods of earlier cells are not interrupted.
/// </param>
internal sealed class PendingAwaits(Func<IEnumerable<Task>> methods, Func<Type, ExecutionContext?, bool> isOwn)
{
    private const BindingFlags Instance = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;

    /// <summary>The maximum number of nested structs between an awaiter and its task.</summary>
    private const int MaxStructDepth = 4;

    private static readonly Type? WhenAllType = typeof(Task).GetNestedType("WhenAllPromise", BindingFlags.NonPublic);

    private readonly HashSet<(object Box, int State)> ended = [];

    /// <summary>Whether a method has reached an await that was ended before, which means that it has caught the exception.</summary>
    public bool HasCaught => Find().Any(pending => ended.Contains((pending.Box, pending.State)));

    /// <summary>Detaches the innermost methods from what they await. Each returned action resumes one method and must be called.</summary>
    /// <param name="exception">
    /// The exception that the awaits throw; null to make them wait by blocking the thread, where they can be aborted.
    /// </param>
    public IReadOnlyList<Action> End(Exception? exception)
    {
        var resumptions = new List<Action>();
        foreach (var pending in Find())
        {
            if (pending.Box.GetType().GetProperty("MoveNextAction", Instance)?.GetValue(pending.Box) is not Action moveNext) continue;
            if (exception is null && pending.Awaited is not Task) continue;
            var awaiter = exception is null ? pending.Awaiter : Failed(pending.Awaiter, pending.Awaited, exception);
            if (awaiter is null || !Unsubscribe(pending.Awaited, pending.Box)) continue;
            ended.Add((pending.Box, pending.State));
            var machine = pending.MachineField.GetValue(pending.Box)!;
            if (exception is not null) LeaveSemaphore(pending.Awaited, machine);
            pending.AwaiterField.SetValue(machine, awaiter);
            if (machine.GetType().IsValueType) pending.MachineField.SetValue(pending.Box, machine);
            resumptions.Add(moveNext);
        }

        return resumptions;
    }

    private List<Pending> Find()
    {
        var found = new List<Pending>();
        var visited = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (var method in methods()) Visit(method, method, found, visited);
        return found;
    }

    /// <summary>
    /// Looks for pending awaits. Returns true if the awaited object has ended or will end because of those found; the method that awaits it
    /// then continues without being resumed here.
    /// </summary>
    /// <param name="awaiting">The state machine of the method that awaits the object.</param>
    private bool Visit(object awaited, object awaiting, List<Pending> found, HashSet<object> visited)
    {
        if (awaited is Task { IsCompleted: true }) return true;
        if (!visited.Add(awaited)) return false;
        var box = awaited is not Task && BuilderField(awaited.GetType()) is { } builder
            ? Reference(builder.GetValue(awaited), static value => value is Task)
            : awaited;
        if (box is null || box.GetType().GetField("StateMachine", Instance) is not { } machineField)
        {
            return VisitParts(awaited, awaiting, found, visited);
        }
        if (machineField.GetValue(box) is not { } machine) return false;

        foreach (var field in machine.GetType().GetFields(Instance)
            .Where(field => field.Name.StartsWith("<>u__", StringComparison.Ordinal)))
        {
            // The compiler clears the field of a completed await.
            if (field.GetValue(machine) is not { } awaiter || Reference(awaiter, IsAwaitable) is not { } inner) continue;
            if (Visit(inner, machine, found, visited)) return true;
            var context = (ExecutionContext?)box.GetType().GetField("Context", Instance)?.GetValue(box);
            if (!isOwn(machine.GetType(), context)
                || machine.GetType().GetField("<>1__state", Instance)?.GetValue(machine) is not int state)
            {
                return false;
            }
            found.Add(new(box, machineField, field, awaiter, inner, state));
            return true;
        }

        return false;
    }

    /// <summary>
    /// Does the same for a task without code; returns true only if all its parts end, and not for <c>Task.WhenAny</c>,
    /// which hides how they end.
    /// </summary>
    private bool VisitParts(object awaited, object machine, List<Pending> found, HashSet<object> visited)
    {
        var parts = Parts(awaited, machine).Where(part => !part.IsCompleted).ToList();
        var ending = parts.Count(part => Visit(part, machine, found, visited));
        return ending > 0 && ending == parts.Count && awaited.GetType().Name.StartsWith("WhenAll", StringComparison.Ordinal);
    }

    private static bool IsAwaitable(object value) =>
        value is Task || value.GetType().GetInterfaces().Any(type => type.Namespace == "System.Threading.Tasks.Sources");

    private static FieldInfo? BuilderField(Type machine) => machine.GetField("<>t__builder", Instance);

    /// <summary>Returns the tasks that a task of <c>Task.WhenAll</c>, <c>WhenAny</c> or <c>ContinueWith</c> waits for.</summary>
    /// <param name="machine">The state machine of the method that awaits the task.</param>
    private IEnumerable<Task> Parts(object awaited, object machine)
    {
        if (awaited.GetType() == WhenAllType)
        {
            // The promise does not refer to its tasks. But they refer to it, and variables may refer to them.
            foreach (var part in Variables(machine).SelectMany(Tasks).Where(part => IsSubscriber(part, awaited))) yield return part;
            yield break;
        }

        for (var type = awaited.GetType(); type is not null && type != typeof(Task); type = type.BaseType)
        {
            foreach (var field in type.GetFields(Instance | BindingFlags.DeclaredOnly))
            {
                if (field.FieldType.IsValueType) continue;
                switch (field.GetValue(awaited))
                {
                    case Task part:
                        yield return part;
                        break;
                    case { } parts:
                        foreach (var part in Tasks(parts)) yield return part;
                        break;
                }
            }
        }
    }

    private static IEnumerable<Task> Tasks(object variable) => variable switch
    {
        Task task => [task],

        // Not for a sequence type of the user, because enumerating it would run user code.
        IReadOnlyList<Task> tasks when tasks is Task[] || tasks.GetType().Namespace == "System.Collections.Generic" => tasks.OfType<Task>(),
        _ => [],
    };

    private static bool IsSubscriber(Task task, object subscriber) =>
        Volatile.Read(ref ContinuationOf(task)) is { } continuation
            && (continuation == subscriber || (continuation is List<object?> several && several.Contains(subscriber)));

    /// <summary>Finds a reference in a value or its nested structs.</summary>
    private static object? Reference(object? value, Func<object, bool> isWanted, int depth = 0)
    {
        if (value is null || isWanted(value)) return value;
        return value.GetType().IsValueType && !value.GetType().IsPrimitive && depth < MaxStructDepth
            ? value.GetType().GetFields(Instance).Select(field => Reference(field.GetValue(value), isWanted, depth + 1))
                .FirstOrDefault(found => found is not null)
            : null;
    }

    /// <summary>Returns a copy of an awaiter that refers to a failed task; null if the awaiter has no task.</summary>
    private static object? Failed(object awaiter, object awaited, Exception exception)
    {
        if (!awaiter.GetType().IsValueType) return null;
        var copy = RuntimeHelpers.GetObjectValue(awaiter);
        foreach (var field in copy.GetType().GetFields(Instance))
        {
            var value = field.GetValue(copy);
            if (ReferenceEquals(value, awaited))
            {
                var holder = field.FieldType == typeof(object) ? copy.GetType() : field.FieldType;
                var task = holder.IsGenericType
                    ? typeof(Task).GetMethods().Single(method => method is { Name: nameof(Task.FromException), IsGenericMethod: true })
                        .MakeGenericMethod(holder.GetGenericArguments()).Invoke(null, [exception])
                    : Task.FromException(exception);
                field.SetValue(copy, task);
                return copy;
            }

            if (value is not null && field.FieldType.IsValueType && !field.FieldType.IsPrimitive
                && Failed(value, awaited, exception) is { } inner)
            {
                field.SetValue(copy, inner);
                return copy;
            }
        }

        return null;
    }

    /// <summary>Prevents a second resumption of a method when the object that it awaited ends after all.</summary>
    /// <returns>False if the method is already being resumed, or if it is not known how it would be resumed.</returns>
    private static bool Unsubscribe(object awaited, object box) =>
        awaited is Task task ? Unsubscribe(task, box) : Unsubscribe(awaited, [], awaited, box);

    private static bool Unsubscribe(Task task, object box)
    {
        ref var continuation = ref ContinuationOf(task);
        switch (Volatile.Read(ref continuation))
        {
            case List<object?> several:
                lock (several)
                {
                    // The task detaches the list before iterating over it.
                    var index = several.FindIndex(Resumes);
                    if (index < 0 || Volatile.Read(ref continuation) != several) return false;
                    several[index] = null;
                    return true;
                }

            case { } one when Resumes(one):
                return Interlocked.CompareExchange(ref continuation, new List<object?>(), one) == one;
            default:
                return false;
        }

        bool Resumes(object? subscriber) => subscriber == box || IsOf(subscriber as Delegate)
            || IsOf(subscriber?.GetType().GetField("m_action", Instance)?.GetValue(subscriber) as Delegate);

        bool IsOf(Delegate? action) => action?.Target == box;
    }

    /// <summary>
    /// Does the same for a <see cref="System.Threading.Tasks.Sources.IValueTaskSource"/>, which stores its callback next to the callback's
    /// argument, the method's box.
    /// </summary>
    private static bool Unsubscribe(object source, FieldInfo[] path, object holder, object box)
    {
        for (var type = holder.GetType(); type is not null; type = type.BaseType)
        {
            var fields = type.GetFields(Instance | BindingFlags.DeclaredOnly);
            foreach (var field in fields)
            {
                if (field.FieldType == typeof(object) && field.GetValue(holder) == box)
                {
                    if (Array.Find(fields, candidate => candidate.FieldType == typeof(Action<object?>)) is not { } continuation)
                    {
                        return false;
                    }
                    Action<object?> nothing = static _ => { };
                    if (path.Length == 0) continuation.SetValue(source, nothing);
                    else continuation.SetValueDirect(TypedReference.MakeTypedReference(source, path), nothing);
                    return true;
                }

                if (field.FieldType.IsValueType && !field.FieldType.IsPrimitive && path.Length < MaxStructDepth
                    && Unsubscribe(source, [.. path, field], field.GetValue(holder)!, box)) return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Removes a method from a semaphore's queue: a method that no longer waits must not enter the semaphore, because it would never
    /// release it. The waiter is a task in the semaphore's list, or a method of the semaphore that awaits such a task.
    /// </summary>
    private void LeaveSemaphore(object waiter, object machine)
    {
        if (waiter.GetType().DeclaringType == typeof(SemaphoreSlim))
        {
            _ = Variables(machine).OfType<SemaphoreSlim>().Any(semaphore => TryLeave(semaphore, waiter));
        }
        else if (waiter.GetType().GetField("StateMachine", Instance)?.GetValue(waiter) is { } own
            && own.GetType().DeclaringType == typeof(SemaphoreSlim))
        {
            var fields = own.GetType().GetFields(Instance).Select(field => field.GetValue(own)).OfType<object>().ToList();
            if (fields.Find(value => value.GetType().DeclaringType == typeof(SemaphoreSlim)) is { } node)
            {
                _ = fields.OfType<SemaphoreSlim>().Any(semaphore => TryLeave(semaphore, node));
            }
        }

        static bool TryLeave(SemaphoreSlim semaphore, object waiter)
        {
            lock (Field("m_lockObjAndDisposed")!)
            {
                for (var node = Field("m_asyncHead"); node is not null; node = node.GetType().GetField("Next", Instance)?.GetValue(node))
                {
                    if (node != waiter) continue;
                    typeof(SemaphoreSlim).GetMethod("RemoveAsyncWaiter", Instance)?.Invoke(semaphore, [waiter]);
                    return true;
                }
            }

            return false;

            object? Field(string name) => typeof(SemaphoreSlim).GetField(name, Instance)?.GetValue(semaphore);
        }
    }

    /// <summary>
    /// Returns the objects that the variables of a method and of the session refer to: the fields of state machines, closures and
    /// submissions (which also refer to earlier submissions).
    /// </summary>
    private IEnumerable<object> Variables(object machine)
    {
        const int MaxDepth = 4;
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance) { machine };
        List<object> level = [machine];
        for (var depth = 0; depth < MaxDepth; depth++)
        {
            var values =
                level.SelectMany(owner => owner.GetType().GetFields(Instance).Where(field => !field.FieldType.IsValueType)
                    .Select(field => field.GetValue(owner)))
                .OfType<object>().Where(seen.Add).ToList();
            foreach (var value in values) yield return value;
            level = [.. values.Where(value => isOwn(value.GetType(), null))];
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_continuationObject")]
    private static extern ref object? ContinuationOf(Task task);

    /// <summary>A pending await.</summary>
    /// <param name="Box">The runtime's object for the running method.</param>
    /// <param name="MachineField">The field of the box that holds the compiler's state machine.</param>
    /// <param name="AwaiterField">The field of the state machine that holds the awaiter.</param>
    /// <param name="Awaited">The task or value task source in the awaiter.</param>
    /// <param name="State">The state number of the await within its method.</param>
    private sealed record Pending(object Box, FieldInfo MachineField, FieldInfo AwaiterField, object Awaiter, object Awaited, int State);
}
