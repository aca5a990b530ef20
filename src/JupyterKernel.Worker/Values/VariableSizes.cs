using System.Reflection;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// Estimates the memory that variables hold: everything reachable from them. A shared object counts only for the first variable that
/// reaches it. Reads only fields, so no user code runs. For one thread at a time, while no cell runs.
/// </summary>
internal sealed class VariableSizes(Func<bool> isCancelled)
{
    private const int MaxObjects = 5_000_000;
    private const int HeaderBytes = 16;

    private readonly HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Type, FieldInfo[]> fieldsOf = [];
    private readonly Stack<object> open = new();

    /// <summary>Returns the variables that hold the most memory, in bytes, the largest first.</summary>
    public List<(string Name, long Bytes)> Largest(IEnumerable<Variable> variables, int count)
    {
        var sizes = new List<(string Name, long Bytes)>();
        foreach (var variable in variables)
        {
            try
            {
                if (variable.Value is { } value) sizes.Add((variable.Name, SizeOf(value)));
            }
            catch (TargetInvocationException)
            {
                // There is no value, because a static initializer throws.
            }
        }

        return [.. sizes.OrderByDescending(size => size.Bytes).Take(count)];
    }

    private long SizeOf(object value)
    {
        long bytes = 0;
        open.Push(value);
        while (open.TryPop(out var next))
        {
            if (seen.Count >= MaxObjects || (seen.Count & 0xFFF) == 0 && isCancelled()) break;
            if (next is Type or MemberInfo or Assembly or Thread or Delegate or Pointer || !seen.Add(next)) continue;
            bytes += HeaderBytes;
            if (next is string text) bytes += 2L * text.Length;
            else if (next is Array array) bytes += SizeOfArray(array);
            else bytes += SizeOfFields(next);
        }

        open.Clear();
        return bytes;
    }

    private long SizeOfArray(Array array)
    {
        var element = array.GetType().GetElementType()!;
        if (element.IsPointer) return 8L * array.Length;
        if (!element.IsValueType || FieldsOf(element).Length > 0)
        {
            foreach (var item in array)
            {
                if (item is not null && !element.IsValueType) open.Push(item);
                else if (item is not null) PushReferences(item);
            }
        }

        return (element.IsValueType ? (long)RawBytes.SizeOf(element) : IntPtr.Size) * array.Length;
    }

    private long SizeOfFields(object value)
    {
        long bytes = 0;
        for (var type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (var field in type.GetFields(
                BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly))
                bytes += field.FieldType.IsValueType ? RawBytes.SizeOf(field.FieldType) : IntPtr.Size;
        }

        PushReferences(value);
        return bytes;
    }

    private void PushReferences(object value)
    {
        foreach (var field in FieldsOf(value.GetType()))
        {
            if (field.GetValue(value) is not { } held) continue;
            if (field.FieldType.IsValueType) PushReferences(held);
            else open.Push(held);
        }
    }

    /// <summary>Returns the fields that may refer to other objects.</summary>
    private FieldInfo[] FieldsOf(Type type)
    {
        if (fieldsOf.TryGetValue(type, out var known)) return known;
        var found = new List<FieldInfo>();
        for (var level = type; level is not null && level != typeof(object); level = level.BaseType)
        {
            found.AddRange(level.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Where(field => !field.FieldType.IsPrimitive && !field.FieldType.IsEnum && !field.FieldType.IsPointer
                    && !field.FieldType.IsFunctionPointer
                    && !field.FieldType.IsByRefLike && field.FieldType != typeof(nint) && field.FieldType != typeof(nuint)));
        }

        return fieldsOf[type] = [.. found];
    }
}
