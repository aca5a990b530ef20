using System.Collections;
using System.Reflection;
using System.Runtime.InteropServices;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// Writes the values of variables that are plain data; shared references stay shared. Equal states give equal bytes in every worker of a
/// session, so hashes can compare workers. Not recursive, so the depth of the data is not limited (except for structs in structs). For one
/// thread at a time, while no cell runs.
/// </summary>
/// <remarks>
/// Format. For each variable: 1, assembly, type, field, slot; then for each object that occurs for the first time: 1, type, content; then
/// 0. After the last variable: 0. The slot of a value type is its content. Any other slot is 0 for null, 1 and a short string, 2 and the
/// name of a known object, or 3 + the object's number.
/// </remarks>
internal sealed class ValueWriter(Stream sink, KnownObjects known, Func<bool> isCancelled) : IDisposable
{
    /// <summary>The maximum length of an inline string; a longer string is an object, which is written once for all references.</summary>
    private const int MaxInlineLength = 256;

    private const int MaxObjects = 20_000_000;
    private const int BufferBytes = 64 * 1024;

    private readonly BinaryWriter output = new(new BufferedStream(sink, BufferBytes));
    private readonly BinaryWriter nowhere = new(Stream.Null);
    private readonly Dictionary<object, int> numbers = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Type, int> types = [];
    private readonly List<object> objects = [];
    private BinaryWriter writer = null!;
    private Type? opaque;
    private bool isNested;

    /// <summary>Writes variables.</summary>
    /// <returns>The variables that are not plain data, each with the type that is the reason.</returns>
    /// <exception cref="OperationCanceledException">Cancelled, because a cell is queued.</exception>
    /// <exception cref="InvalidOperationException">The values are larger than the limit.</exception>
    public List<(Variable Variable, Type Reason)> Write(IEnumerable<Variable> variables)
    {
        var left = new List<(Variable, Type)>();
        foreach (var variable in variables)
        {
            if (isCancelled()) throw new OperationCanceledException();
            object? value;
            try
            {
                value = variable.Value;
            }
            catch (TargetInvocationException)
            {
                // There is no value, because a static initializer throws.
                continue;
            }

            // Written to a null stream first, to check that everything is plain data, and then to the output.
            var (knownObjects, knownTypes) = (objects.Count, types.Count);
            writer = nowhere;
            WriteGraph(variable, value);
            for (var i = objects.Count; i > knownObjects; i--) numbers.Remove(objects[i - 1]);
            objects.RemoveRange(knownObjects, objects.Count - knownObjects);
            if (types.Count > knownTypes)
            {
                foreach (var type in types.Where(type => type.Value >= knownTypes).Select(type => type.Key).ToList()) types.Remove(type);
            }

            if (opaque is { } reason)
            {
                left.Add((variable, reason));
                opaque = null;
                continue;
            }

            writer = output;
            WriteGraph(variable, value);
        }

        output.Write((byte)0);
        output.Flush();
        return left;
    }

    public void Dispose()
    {
        output.Dispose();
        nowhere.Dispose();
    }

    private void WriteGraph(Variable variable, object? value)
    {
        writer.Write((byte)1);
        var declaring = variable.Field.DeclaringType!;
        WriteText(declaring.Assembly.GetName().Name!);
        WriteText(declaring.FullName!);
        WriteText(variable.Field.Name);
        WriteObjects(value, variable.Field.FieldType);
    }

    private void WriteObjects(object? value, Type? declared = null)
    {
        var next = objects.Count;
        WriteSlot(declared ?? typeof(object), value);
        for (; next < objects.Count && opaque is null; next++)
        {
            if ((next & 0x3FF) == 0 && isCancelled()) throw new OperationCanceledException();
            writer.Write((byte)1);
            var type = objects[next].GetType();
            WriteType(Shape.Of(type).Kind == ShapeKind.Converted ? Conversion.PublicType(type) : type);
            WriteContent(objects[next]);
        }

        writer.Write((byte)0);
    }

    private void WriteSlot(Type declared, object? value)
    {
        if (declared.IsValueType)
        {
            if (Nullable.GetUnderlyingType(declared) is { } underlying)
            {
                writer.Write(value is not null);
                if (value is not null) WriteSlot(underlying, value);
                return;
            }

            WriteContent(value!);
        }
        else if (value is null)
        {
            writer.Write7BitEncodedInt(0);
        }
        else if (value is string { Length: <= MaxInlineLength } text)
        {
            writer.Write7BitEncodedInt(1);
            WriteText(text);
        }
        else if (known.NameOf(value) is { } name)
        {
            writer.Write7BitEncodedInt(2);
            WriteText(name);
        }
        else
        {
            if (!numbers.TryGetValue(value, out var number))
            {
                if (objects.Count == MaxObjects) throw new InvalidOperationException("the variables refer to too many objects");
                number = numbers[value] = objects.Count;
                objects.Add(value);
            }

            writer.Write7BitEncodedInt(3 + number);
        }
    }

    private void WriteContent(object value)
    {
        var shape = Shape.Of(value.GetType());
        switch (shape.Kind)
        {
            case ShapeKind.Opaque:
                opaque ??= shape.Type;
                break;
            case ShapeKind.Raw:
                WriteRaw(value);
                break;
            case ShapeKind.Text:
                WriteText(Shape.ToText(value));
                break;
            case ShapeKind.Fields:
                foreach (var field in shape.Fields)
                {
                    WriteSlot(field.FieldType, field.GetValue(value));
                    if (opaque is not null) return;
                }

                break;
            case ShapeKind.Array:
                WriteArray((Array)value, shape.Element!);
                break;
            case ShapeKind.Sequence or ShapeKind.Map:
                WriteCollection(value, shape);
                break;
            case ShapeKind.Converted:
                WriteConverted(value, shape.Conversion!);
                break;
            case ShapeKind.Delegate:
                WriteDelegate((Delegate)value);
                break;
        }
    }

    private void WriteRaw(object value)
    {
        if (value is nint or nuint && Address.IsMapped(value is nint signed ? signed : (nint)(nuint)value)) opaque ??= value.GetType();
        if (value is bool flag) writer.Write(flag);
        else if (value is int number) writer.Write(number);
        else writer.Write(RawBytes.Of(value));
    }

    private void WriteArray(Array array, Type element)
    {
        for (var dimension = 0; dimension < array.Rank; dimension++)
        {
            if (array.GetLowerBound(dimension) != 0) opaque ??= array.GetType();
            writer.Write7BitEncodedInt(array.GetLength(dimension));
        }

        if (Shape.Of(element).Kind == ShapeKind.Raw)
        {
            if (element == typeof(nint) && Array.Exists(array.Cast<nint>().ToArray(), Address.IsMapped)
                || element == typeof(nuint) && Array.Exists(array.Cast<nuint>().ToArray(), value => Address.IsMapped((nint)value)))
                opaque ??= element;
            if (writer != nowhere) WriteLarge(RawBytes.OfArray(array));
            return;
        }

        foreach (var item in array)
        {
            WriteSlot(element, item);
            if (opaque is not null) return;
        }
    }

    private void WriteLarge(ReadOnlySpan<byte> bytes)
    {
        const int Piece = 1024 * 1024;
        for (; bytes.Length > 0; bytes = bytes[Math.Min(Piece, bytes.Length)..])
        {
            if (isCancelled()) throw new OperationCanceledException();
            writer.Write(bytes[..Math.Min(Piece, bytes.Length)]);
        }
    }

    private void WriteCollection(object collection, Shape shape)
    {
        if (shape.Comparer is { } comparer)
        {
            var own = comparer.GetValue(collection);
            var name = known.NameOfComparer(own);
            WriteText(name ?? "");
            if (name is null) WriteSlot(typeof(object), own);
        }

        try
        {
            if (shape.Kind == ShapeKind.Map)
            {
                writer.Write7BitEncodedInt(((ICollection)collection).Count);
                foreach (DictionaryEntry entry in (IDictionary)collection)
                {
                    WriteSlot(shape.Key!, entry.Key);
                    WriteSlot(shape.Element!, entry.Value);
                    if (opaque is not null) return;
                }
            }
            else if (collection is IList list && Shape.Of(shape.Element!).Kind == ShapeKind.Raw)
            {
                var items = Array.CreateInstance(shape.Element!, list.Count);
                list.CopyTo(items, 0);
                WriteArray(items, shape.Element!);
            }
            else
            {
                // A priority queue is not enumerable, but exposes its items in internal order.
                var items = ((IEnumerable)(collection.GetType().GetProperty("UnorderedItems")?.GetValue(collection) ?? collection))
                    .Cast<object?>().ToList();
                writer.Write7BitEncodedInt(items.Count);
                foreach (var item in items)
                {
                    WriteSlot(shape.Element!, item);
                    if (opaque is not null) return;
                }
            }
        }
        catch (Exception changing) when (changing is InvalidOperationException or ArgumentException)
        {
            // Another thread is changing the collection.
            opaque ??= shape.Type;
        }
    }

    private void WriteConverted(object value, Conversion conversion)
    {
        object?[]? parts;
        try
        {
            parts = conversion.TakeApart(value, isNested ? static _ => [] : BytesOf);
        }
        catch (Exception problem) when (problem is not (OutOfMemoryException or OperationCanceledException))
        {
            // The content cannot be represented, or another thread is changing it.
            parts = null;
        }

        if (parts is null)
        {
            opaque ??= value.GetType();
            return;
        }

        writer.Write7BitEncodedInt(parts.Length);
        foreach (var part in parts)
        {
            writer.Write(part is Conversion.Inline);
            if (part is Conversion.Inline { Items: var items })
            {
                WriteType(items.GetType());
                WriteArray(items, items.GetType().GetElementType()!);
            }
            else
            {
                WriteSlot(typeof(object), part is not null && known.NameOfComparer(part) == KnownObjects.Default ? null : part);
            }

            if (opaque is not null) return;
        }
    }

    /// <summary>Returns the bytes of a single value; they are equal for equal values in all processes.</summary>
    private byte[] BytesOf(object value)
    {
        using var bytes = new MemoryStream();
        using (var nested = new ValueWriter(bytes, known, isCancelled) { isNested = true })
        {
            nested.writer = nested.output;
            nested.WriteObjects(value);
            nested.output.Flush();
        }

        return bytes.ToArray();
    }

    private void WriteDelegate(Delegate value)
    {
        var calls = value.GetInvocationList();
        writer.Write7BitEncodedInt(calls.Length);
        foreach (var call in calls)
        {
            var method = call.Method;
            if (method.DeclaringType is not { } declaring || !Shape.IsOfCell(declaring) || method.IsGenericMethod
                || declaring.IsGenericType)
            {
                opaque ??= value.GetType();
                return;
            }

            WriteType(declaring);
            writer.Write(method.MetadataToken);
            WriteSlot(typeof(object), call.Target);
        }
    }

    /// <summary>Writes a string as in memory, because an encoding would change lone surrogates.</summary>
    private void WriteText(string text)
    {
        writer.Write7BitEncodedInt(text.Length);
        writer.Write(MemoryMarshal.AsBytes(text.AsSpan()));
    }

    private void WriteType(Type type)
    {
        if (types.TryGetValue(type, out var index))
        {
            writer.Write7BitEncodedInt(index + 1);
            return;
        }

        writer.Write7BitEncodedInt(0);
        WriteText(type.AssemblyQualifiedName!);
        types[type] = types.Count;
    }
}
