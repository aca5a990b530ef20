using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// Sets variables to values that a <see cref="ValueWriter"/> wrote, in this or another worker of the session. An existing object of the
/// same type at the same place is changed, not replaced, so that other references to it (a closure, a variable that is not plain data)
/// still share it. For one thread at a time, while no cell runs.
/// </summary>
/// <param name="content">The written values.</param>
internal sealed class ValueReader(System.IO.Stream content, KnownObjects known, Func<string, Type> findType) : IDisposable
{
    private readonly BinaryReader reader = new(new BufferedStream(content, 64 * 1024));
    private readonly List<Node> nodes = [];
    private readonly List<Type> types = [];
    private readonly List<(Variable Variable, object? Slot)> roots = [];
    private readonly HashSet<object> claimed = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<(Reference Reference, object Existing)> pairs = new();

    /// <summary>Sets the variables.</summary>
    /// <param name="findVariable">Finds a variable by assembly, type and field; null if it does not exist.</param>
    /// <returns>The variables that could not be set, each with the reason.</returns>
    public List<(string Variable, string Reason)> SetAll(Func<string, string, string, Variable?> findVariable)
    {
        Parse(findVariable);
        foreach (var (variable, slot) in roots)
        {
            PairSlot(slot, variable.Value);
            PairAll();
        }

        foreach (var node in nodes.Where(node => node.Shape.Kind != ShapeKind.Converted)) node.Instance ??= Allocate(node);
        foreach (var node in nodes.Where(node => node.Shape.Kind == ShapeKind.Delegate)) node.Instance = MakeDelegate(node);

        // A converted object is created before the objects that refer to it, unless it needs them to be complete: see MakeAll.
        foreach (var node in nodes.Where(node => node.Shape is { Kind: ShapeKind.Converted, LooksAtElements: false }))
        {
            InOrder(node, static part => part.Shape.Kind == ShapeKind.Converted, MakeEarly);
        }

        // A collection that hashes or compares its elements needs them to be complete. Nested ones have later positions,
        // so they are filled first.
        foreach (var node in nodes.Where(node => node.Shape is { LooksAtElements: false, Kind: not ShapeKind.Converted })) Fill(node);
        if (nodes.Exists(static node => node.Instance is null)) MakeAll();
        else foreach (var node in nodes.AsEnumerable().Reverse()
            .Where(static node => node.Shape is { LooksAtElements: true, Kind: not ShapeKind.Converted }))
        {
            Fill(node);
        }

        var problems = new List<(string, string)>();
        foreach (var (variable, slot) in roots)
        {
            try
            {
                variable.Field.SetValue(variable.Submission, Resolve(slot));
            }
            catch (Exception refused) when (refused is FieldAccessException or ArgumentException or TargetInvocationException)
            {
                // For a static read-only field, an existing object was changed in place.
                if (slot is not Reference) problems.Add((variable.Name, refused.Message));
            }
        }

        return problems;
    }

    public void Dispose() => reader.Dispose();

    // The parsed values. A slot is null, a boxed value or string, a Reference, a Structure or a KnownObject.
    private sealed record Reference(int Number);

    private sealed record Structure(Shape Shape, object?[] Fields);

    private sealed record KnownObject(string Name);

    // Elements that are stored as a part of the value.
    private sealed record Embedded(Node Array);

    private sealed record BoundMethod(Type Declaring, int Token, object? Target);

    private sealed class Node(Shape shape)
    {
        public Shape Shape { get; } = shape;

        /// <summary>Fields, elements, or alternating keys and values.</summary>
        public object?[] Slots { get; set; } = [];

        /// <summary>A value, an array of raw elements, or the lengths of an array.</summary>
        public object? Data { get; set; }

        public int[] Lengths { get; set; } = [];

        public object? Comparer { get; set; }

        public object? Instance { get; set; }

        /// <summary>For a converted object: the existing object at the same place.</summary>
        public object? Existing { get; set; }

        public bool IsMet { get; set; }
    }

    private void Parse(Func<string, string, string, Variable?> findVariable)
    {
        while (reader.ReadByte() == 1)
        {
            var (assembly, type, field) = (ReadText(), ReadText(), ReadText());
            var variable = findVariable(assembly, type, field)
                ?? throw new InvalidDataException($"Field {type}.{field} not found in this worker.");
            roots.Add((variable, ReadSlot(variable.Field.FieldType)));
            while (reader.ReadByte() == 1) nodes.Add(ReadNode());
        }
    }

    private object? ReadSlot(Type declared)
    {
        if (declared.IsValueType)
        {
            if (Nullable.GetUnderlyingType(declared) is { } underlying) return reader.ReadBoolean() ? ReadSlot(underlying) : null;
            var shape = Shape.Of(declared);
            return shape.Kind switch
            {
                ShapeKind.Raw => ReadRaw(declared),
                ShapeKind.Text => Shape.FromText(declared, ReadText(), findType),
                _ => new Structure(shape, ReadFields(shape)),
            };
        }

        return reader.Read7BitEncodedInt() switch
        {
            0 => null,
            1 => ReadText(),
            2 => new KnownObject(ReadText()),
            var number => new Reference(number - 3),
        };
    }

    private Node ReadNode()
    {
        var node = new Node(Shape.Of(ReadType()));
        var shape = node.Shape;
        switch (shape.Kind)
        {
            case ShapeKind.Raw:
                node.Data = ReadRaw(shape.Type);
                break;
            case ShapeKind.Text:
                node.Data = Shape.FromText(shape.Type, ReadText(), findType);
                break;
            case ShapeKind.Fields:
                node.Slots = ReadFields(shape);
                break;
            case ShapeKind.Array:
                ReadArray(node, shape.Type.GetArrayRank());
                break;
            case ShapeKind.Sequence or ShapeKind.Map:
                ReadCollection(node);
                break;
            case ShapeKind.Converted:
                node.Slots = new object?[reader.Read7BitEncodedInt()];
                for (var i = 0; i < node.Slots.Length; i++)
                {
                    if (!reader.ReadBoolean())
                    {
                        node.Slots[i] = ReadSlot(typeof(object));
                        continue;
                    }

                    var array = new Node(Shape.Of(ReadType()));
                    ReadArray(array, 1);
                    node.Slots[i] = new Embedded(array);
                }

                break;
            case ShapeKind.Delegate:
                node.Slots = new object?[reader.Read7BitEncodedInt()];
                for (var i = 0; i < node.Slots.Length; i++)
                {
                    node.Slots[i] = new BoundMethod(ReadType(), reader.ReadInt32(), ReadSlot(typeof(object)));
                }
                break;
            default:
                throw new InvalidDataException($"{shape.Type} is not plain data.");
        }

        return node;
    }

    private object?[] ReadFields(Shape shape) => [.. shape.Fields.Select(field => ReadSlot(field.FieldType))];

    private void ReadArray(Node node, int rank)
    {
        node.Lengths = new int[rank];
        for (var dimension = 0; dimension < rank; dimension++) node.Lengths[dimension] = reader.Read7BitEncodedInt();
        var element = node.Shape.Element!;
        var count = node.Lengths.Aggregate(1, (product, length) => checked(product * length));
        if (Shape.Of(element).Kind == ShapeKind.Raw)
        {
            var raw = Array.CreateInstance(element, node.Lengths);
            reader.BaseStream.ReadExactly(RawBytes.OfArray(raw));
            node.Data = raw;
            return;
        }

        node.Slots = new object?[count];
        for (var i = 0; i < count; i++) node.Slots[i] = ReadSlot(element);
    }

    private void ReadCollection(Node node)
    {
        var shape = node.Shape;
        if (shape.Comparer is not null)
        {
            node.Comparer = ReadText() is { Length: > 0 } name ? new KnownObject(name) : ReadSlot(typeof(object));
        }
        if (shape.Kind == ShapeKind.Map)
        {
            node.Slots = new object?[2 * reader.Read7BitEncodedInt()];
            for (var i = 0; i < node.Slots.Length; i++) node.Slots[i] = ReadSlot(i % 2 == 0 ? shape.Key! : shape.Element!);
        }
        else
        {
            // The raw elements of a list are written like those of an array.
            if (typeof(IList).IsAssignableFrom(shape.Type)) ReadArray(node, 1);
            else
            {
                node.Slots = new object?[reader.Read7BitEncodedInt()];
                for (var i = 0; i < node.Slots.Length; i++) node.Slots[i] = ReadSlot(shape.Element!);
            }
        }
    }

    private object ReadRaw(Type type) => RawBytes.ToValue(type, reader.ReadBytes(RawBytes.SizeOf(type)));

    private string ReadText()
    {
        var text = new string('\0', reader.Read7BitEncodedInt());
        reader.BaseStream.ReadExactly(
            MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(text.AsSpan()), text.Length)));
        return text;
    }

    private Type ReadType()
    {
        var index = reader.Read7BitEncodedInt();
        if (index > 0) return types[index - 1];
        types.Add(findType(ReadText()));
        return types[^1];
    }

    // Matches written objects with the existing objects at the same places, which are changed instead of replaced.
    private void PairSlot(object? slot, object? existing)
    {
        if (existing is null) return;
        if (slot is Reference reference) pairs.Enqueue((reference, existing));
        else if (slot is Structure structure && structure.Shape.Type == existing.GetType())
        {
            PairFields(structure.Fields, structure.Shape, existing);
        }
    }

    private void PairAll()
    {
        while (pairs.TryDequeue(out var pair))
        {
            var (node, existing) = (nodes[pair.Reference.Number], pair.Existing);
            if (node.Shape.Kind == ShapeKind.Converted && node.Shape.Type.IsInstanceOfType(existing)) node.Existing ??= existing;
            if (node.Instance is not null || node.Shape.Type != existing.GetType() || claimed.Contains(existing)) continue;
            if (node.Shape.Kind is ShapeKind.Raw or ShapeKind.Text or ShapeKind.Delegate or ShapeKind.Converted) continue;
            if (existing is Array array && !Enumerable.Range(0, array.Rank).Select(array.GetLength).SequenceEqual(node.Lengths)) continue;
            claimed.Add(existing);
            node.Instance = existing;
            PairContent(node, existing);
        }
    }

    private void PairContent(Node node, object existing)
    {
        switch (node.Shape.Kind)
        {
            case ShapeKind.Fields:
                PairFields(node.Slots, node.Shape, existing);
                break;
            case ShapeKind.Array or ShapeKind.Sequence when node.Data is null && existing is IEnumerable items:
                foreach (var (slot, item) in node.Slots.Zip(items.Cast<object?>())) PairSlot(slot, item);
                break;
            case ShapeKind.Map:
                for (var i = 0; i < node.Slots.Length; i += 2)
                {
                    // Keys other than values and strings cannot be looked up before they are complete.
                    if (node.Slots[i] is { } key and not (Reference or Structure or KnownObject)
                        && ((IDictionary)existing)[key] is { } item)
                    {
                        PairSlot(node.Slots[i + 1], item);
                    }
                }

                break;
        }
    }

    private void PairFields(object?[] slots, Shape shape, object existing)
    {
        for (var i = 0; i < slots.Length; i++)
        {
            if (slots[i] is Reference or Structure) PairSlot(slots[i], shape.Fields[i].GetValue(existing));
        }
    }

    private object? Allocate(Node node)
    {
        var type = node.Shape.Type;
        return node.Shape.Kind switch
        {
            ShapeKind.Raw or ShapeKind.Text => node.Data!,
            ShapeKind.Fields => RuntimeHelpers.GetUninitializedObject(type),
            ShapeKind.Array => node.Data ?? Array.CreateInstance(node.Shape.Element!, node.Lengths),
            ShapeKind.Sequence or ShapeKind.Map when node.Comparer is KnownObject { Name: var name } && known.Find(name) is { } comparer =>
                Activator.CreateInstance(type, comparer)!,
            ShapeKind.Sequence or ShapeKind.Map when node.Comparer is Reference { Number: var number } =>
                Activator.CreateInstance(type, nodes[number].Instance ??= Allocate(nodes[number]))!,
            ShapeKind.Sequence or ShapeKind.Map => Activator.CreateInstance(type)!,
            _ => null,
        };
    }

    /// <summary>Creates a converted object that does not need complete parts, before any object is filled.</summary>
    private void MakeEarly(Node node)
    {
        if (!node.Shape.LooksAtElements && Parts(node).All(static part => part.Instance is not null)) Make(node);
    }

    /// <summary>
    /// Creates the converted collections that hash or compare their elements, after those are complete, and fills all other objects.
    /// Objects that refer to each other are filled twice.
    /// </summary>
    private void MakeAll()
    {
        var early = new HashSet<Node>();
        foreach (var node in nodes) node.IsMet = false;
        foreach (var node in nodes)
        {
            InOrder(node, static _ => true, complete =>
            {
                if (complete.Shape.Kind == ShapeKind.Converted)
                {
                    if (complete.Instance is null) Make(complete);
                    return;
                }

                if (Parts(complete).Any(static part => part.Instance is null)) early.Add(complete);
                Fill(complete);
            });
        }

        foreach (var node in early) Fill(node);
    }

    /// <summary>Applies an action to a node after its parts. Not recursive, so the depth is not limited.</summary>
    private void InOrder(Node first, Func<Node, bool> isOfInterest, Action<Node> action)
    {
        if (first.IsMet) return;
        var open = new Stack<(Node Node, IEnumerator<Node> Parts)>();
        Push(first);
        while (open.TryPeek(out var top))
        {
            if (!top.Parts.MoveNext())
            {
                open.Pop();
                action(top.Node);
            }
            else if (!top.Parts.Current.IsMet && isOfInterest(top.Parts.Current))
            {
                Push(top.Parts.Current);
            }
        }

        void Push(Node node)
        {
            node.IsMet = true;
            open.Push((node, Parts(node).GetEnumerator()));
        }
    }

    /// <summary>Returns the objects that a node refers to directly.</summary>
    private IEnumerable<Node> Parts(Node node)
    {
        var slots = new Stack<object?>(node.Slots);
        if (node.Comparer is not null) slots.Push(node.Comparer);
        while (slots.TryPop(out var slot))
        {
            if (slot is Reference { Number: var number }) yield return nodes[number];
            foreach (var inner in slot switch { Structure structure => structure.Fields, Embedded embedded => embedded.Array.Slots,
                BoundMethod call => [call.Target], _ => [] })
            {
                slots.Push(inner);
            }
        }
    }

    /// <summary>
    /// Creates an object from its parts. If none of the parts is a converted object, the existing object gets the new content, so that
    /// all references share it.
    /// </summary>
    private void Make(Node node)
    {
        var conversion = node.Shape.Conversion!;
        object?[] parts = [.. node.Slots.Select(Resolve)];
        node.Instance = conversion.PutTogether(node.Shape.Type, parts);
        if (conversion.Refill is not { } refill || node.Existing is not { } existing
            || Parts(node).Any(static part => part.Shape.Kind == ShapeKind.Converted) || !claimed.Add(existing))
        {
            return;
        }
        try
        {
            if (conversion.TakeApart(existing, static _ => []) is not { } held || !held.SequenceEqual(parts))
            {
                refill(existing, node.Instance);
            }
            node.Instance = existing;
        }
        catch (Exception fixedly) when (fixedly is not OutOfMemoryException)
        {
            // The existing object cannot be changed, so the new one is used.
        }
    }

    private Delegate MakeDelegate(Node node) =>
        Delegate.Combine([.. node.Slots.Cast<BoundMethod>().Select(call =>
        {
            var method = (MethodInfo)call.Declaring.Module.ResolveMethod(call.Token)!;
            return Delegate.CreateDelegate(node.Shape.Type, Resolve(call.Target), method);
        })])!;

    private void Fill(Node node)
    {
        var instance = node.Instance!;
        switch (node.Shape.Kind)
        {
            case ShapeKind.Fields:
                SetFields(instance, node.Shape, node.Slots);
                break;
            case ShapeKind.Array when node.Data is Array raw:
                if (raw != instance) RawBytes.OfArray(raw).CopyTo(RawBytes.OfArray((Array)instance));
                break;
            case ShapeKind.Array:
                FillArray((Array)instance, node);
                break;
            case ShapeKind.Sequence:
                FillSequence(instance, node.Data is Array items ? items.Cast<object?>() : node.Slots.Select(Resolve));
                break;
            case ShapeKind.Map:
                var map = (IDictionary)instance;
                map.Clear();
                for (var i = 0; i < node.Slots.Length; i += 2) map.Add(Resolve(node.Slots[i])!, Resolve(node.Slots[i + 1]));
                break;
        }
    }

    private void FillArray(Array array, Node node)
    {
        var at = new int[array.Rank];
        foreach (var slot in node.Slots)
        {
            array.SetValue(Resolve(slot), at);
            for (var dimension = array.Rank - 1; dimension >= 0 && ++at[dimension] == node.Lengths[dimension]; dimension--)
            {
                at[dimension] = 0;
            }
        }
    }

    private static void FillSequence(object sequence, IEnumerable<object?> items)
    {
        // Copied first, because the elements may come from the sequence itself.
        var complete = items.ToList();
        var type = sequence.GetType();
        type.GetMethod("Clear", [])!.Invoke(sequence, null);
        if (sequence is IList list)
        {
            foreach (var item in complete) list.Add(item);
            return;
        }

        if (type.GetMethod("Push", type.GetGenericArguments()) is { } push)
        {
            complete.Reverse();
            foreach (var item in complete) push.Invoke(sequence, [item]);
            return;
        }

        // A priority queue takes pairs; added together, they keep their internal order.
        if (type.GetMethod("EnqueueRange", [typeof(IEnumerable<>).MakeGenericType(Shape.Of(type).Element!)]) is { } enqueue)
        {
            var pairs = Array.CreateInstance(Shape.Of(type).Element!, complete.Count);
            for (var i = 0; i < complete.Count; i++) pairs.SetValue(complete[i], i);
            enqueue.Invoke(sequence, [pairs]);
            return;
        }

        var add = type.GetMethod("Add", type.GetGenericArguments()) ?? type.GetMethod("Enqueue", type.GetGenericArguments())
            ?? type.GetMethod("AddLast", type.GetGenericArguments())!;
        foreach (var item in complete) add.Invoke(sequence, [item]);
    }

    private object? Resolve(object? slot) => slot switch
    {
        Reference reference => nodes[reference.Number].Instance,
        KnownObject { Name: var name } => known.Find(name),
        Structure structure => MakeStructure(structure),
        Embedded { Array: var array } => MakeArray(array),
        _ => slot,
    };

    private Array MakeArray(Node array)
    {
        if (array.Data is Array raw) return raw;
        var made = Array.CreateInstance(array.Shape.Element!, array.Lengths);
        FillArray(made, array);
        return made;
    }

    private object MakeStructure(Structure structure)
    {
        var made = RuntimeHelpers.GetUninitializedObject(structure.Shape.Type);
        SetFields(made, structure.Shape, structure.Fields);
        return made;
    }

    private void SetFields(object instance, Shape shape, object?[] slots)
    {
        for (var i = 0; i < slots.Length; i++) shape.Fields[i].SetValue(instance, Resolve(slots[i]));
    }
}
