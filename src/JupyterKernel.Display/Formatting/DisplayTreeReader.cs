using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Formatting;

/// <summary>
/// Reads the display tree of one value, within the limits of <see cref="FormatLimits"/>. Reads lazily, and each sequence and member only
/// once. One instance reads one value, on the calling thread.
/// </summary>
/// <param name="listLimit">The maximum number of items to read of a sequence.</param>
internal sealed class DisplayTreeReader(int listLimit)
{
    private static readonly DisplayTree.Text Elided = new("…", TextKind.Note);

    private readonly List<object> ancestors = [];

    // Counts less than is written, so that a writer of the whole tree notices if the limit is exceeded.
    private long charsLeft = listLimit == int.MaxValue ? long.MaxValue : FormatLimits.StructureChars;

    // Applies only to the outermost table; the cells of its rows are read as usual.
    private IReadOnlyList<int>? selectedRows;
    private readonly bool isBesideCells;

    // The tuple names of the value that is read next.
    private TupleNames? names;

    internal DisplayTreeReader() : this(FormatLimits.ListItems)
    {
    }

    /// <summary>Reads some rows of a table.</summary>
    /// <param name="rows">The indices of the rows to read, in the order of the result.</param>
    /// <param name="all">Whether the text of the rows is read without a limit.</param>
    /// <param name="besideCells">Whether a cell may run at the same time; interrupting that cell does not stop this reader.</param>
    internal DisplayTreeReader(IReadOnlyList<int> rows, bool all, bool besideCells) : this(FormatLimits.ListItems)
    {
        (selectedRows, isBesideCells, WithoutRegisteredText) = (rows, besideCells, true);
        charsLeft = all ? long.MaxValue : FormatLimits.StructureChars * (1L + rows.Count / Math.Max(1, FormatLimits.ListItems));
    }

    /// <summary>Whether to ignore registrations of plain text alone, as for forms other than text.</summary>
    internal bool WithoutRegisteredText { get; init; }

    /// <summary>The names of tuple items in the value.</summary>
    internal TupleNames? Names { init => names = value; }

    /// <summary>Whether a registration of plain text alone was used; the tree for the HTML must then be read separately.</summary>
    internal bool HasRegisteredText { get; private set; }

    /// <summary>The maximum number of items of a sequence or rows of a table.</summary>
    internal int ListLimit => listLimit;

    /// <summary>Returns the indices of the rows to read of a table.</summary>
    internal IReadOnlyList<int> RowsOf(long count)
    {
        if (selectedRows is not { } rows) return [.. Enumerable.Range(0, (int)Math.Min(count, Math.Max(0, listLimit)))];
        selectedRows = null;
        return [.. rows.Where(row => row < count)];
    }

    /// <summary>Whether the value being read is part of another value.</summary>
    internal bool IsNested => ancestors.Count > 1;

    private bool IsFull => charsLeft <= 0;

    private bool IsTooDeep => ancestors.Count > FormatLimits.Levels;

    /// <summary>Reads the value. Call only once.</summary>
    internal DisplayTree Read(object? value) => ReadRegistered(value) is { } registered ? registered
        : Scalars.TryFormat(value, out var alone) ? Scalar(value, alone)
        : ReadStructure(value!, isNested: false);

    /// <summary>Reads a part of the value.</summary>
    internal DisplayTree ReadNested(object? value)
    {
        var own = names;
        names = null;
        if (!isBesideCells) NotebookHost.Interruption.ThrowIfCancellationRequested();
        if (ReadRegistered(value) is { } registered) return registered;
        if (!Scalars.TryFormat(value, out var alone))
        {
            names = own;
            return ReadStructure(value!, isNested: true);
        }

        var scalar = Scalar(value, alone);
        charsLeft -= scalar.Line.Length;
        return scalar;
    }

    private DisplayTree.Bundle? ReadRegistered(object? value)
    {
        if (!FormatterRegistry.TryFormat(value, out var forms, out var isTextOnly,
            WithoutRegisteredText && !Scalars.TryFormat(value, out _)))
            return null;
        HasRegisteredText |= isTextOnly;
        return new DisplayTree.Bundle(forms);
    }

    private static DisplayTree.Text Scalar(object? value, string alone) => new(
        value is string or char ? Scalars.Quoted(value) : alone,
        value switch
        {
            null or DBNull => TextKind.Null,
            string or char => TextKind.String,
            bool or Enum or DateTime or DateTimeOffset or DateOnly or TimeOnly or TimeSpan or Guid or Type => TextKind.Other,
            _ when IsNumber(value.GetType()) => TextKind.Number,
            _ => TextKind.Other,
        },
        alone);

    private static bool IsNumber(Type type) =>
        Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.Decimal || type == typeof(Half) || type == typeof(Int128)
            || type == typeof(UInt128) || type == typeof(nint) || type == typeof(nuint)
        || type.FullName is "System.Numerics.BigInteger" or "System.Numerics.Complex";

    /// <summary>Reads a part of the value that has the given tuple names.</summary>
    internal DisplayTree ReadNested(object? value, TupleNames? partNames)
    {
        names = partNames;
        return ReadNested(value);
    }

    private DisplayTree ReadStructure(object value, bool isNested)
    {
        // A ToString that calls the formatter arrives here with a new reader.
        if (IsFull || !RuntimeHelpers.TryEnsureSufficientExecutionStack()
            || (!value.GetType().IsValueType && ancestors.Exists(ancestor => ReferenceEquals(ancestor, value))))
        {
            names = null;
            return Elided;
        }

        charsLeft -= 2;
        ancestors.Add(value);
        try
        {
            return ReadParts(value, isNested);
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            return Note(FaultText.Of(exception));
        }
        finally
        {
            ancestors.RemoveAt(ancestors.Count - 1);
        }
    }

    private DisplayTree ReadParts(object value, bool isNested)
    {
        var own = names;
        names = null;
        switch (value)
        {
            case IDisplayable displayable: return new DisplayTree.Bundle(DisplayBundles.Of(displayable));
            case Exception exception: return Counted(new(isNested ? FaultText.Summary(exception) : FaultText.WithTrace(exception)));
            case JsonNode or JsonElement or JsonDocument when !isNested:
                return new DisplayTree.Bundle(DisplayBundles.OfJson(JsonValues.Of(value)));
            case Delegate: return Counted(new(TypeNames.Of(value.GetType())));
            case Task task: return ReadTask(task);
            case byte[] bytes:
                return !isNested && Image.Sniffed(bytes) is { } format
                    ? new DisplayTree.Bundle(new Image(bytes, format).ToMimeBundle().With(MimeBundle.PlainTextType, Bytes(bytes)))
                    : Counted(new(Bytes(bytes)));
            case DictionaryEntry entry:
                return new DisplayTree.Entry(ReadNested(entry.Key, Part(own, 0)), ReadNested(entry.Value, Part(own, 1)));
            case ITuple tuple:
                return new DisplayTree.Tuple(
                    IsTooDeep ? null : [.. Enumerable.Range(0, tuple.Length).Select(i => ReadNested(tuple[i], Part(own, i)))],
                    own?.Names?.Count == tuple.Length ? own.Names : null);
            case IDictionary<string, object?> record when ObjectShape.Of(value.GetType()) is { Known: null } named:
                return ReadSequence(record, named);
        }

        var type = value.GetType();
        var shape = ObjectShape.Of(type);
        if (shape.Known is { } known)
        {
            // A group shows its key and its items.
            names = own;
            return known(value, this);
        }

        if (IsValueTask(type)) return Counted(new(TypeNames.Of(type)));
        if (shape.IsEntry)
            return new DisplayTree.Entry(ReadNested(ObjectShape.Value(shape.Members[0], value), Part(own, 0)),
                ReadNested(ObjectShape.Value(shape.Members[1], value), Part(own, 1)));
        if (value is IFormattable formattable) return OwnText(formattable.ToString(null, CultureInfo.InvariantCulture), type, isNested);
        if (shape.HasOwnText && value is not IQueryable) return OwnText(value.ToString(), type, isNested);
        if (value is Array { Rank: > 1 } array) return ReadRectangle(array, [], IsTooDeep);
        names = own;
        return value is IEnumerable sequence ? ReadSequence(sequence, shape) : ReadMembers(value, shape);
    }

    /// <summary>Returns and removes the tuple names of the entry being read: those of the key and those of the value.</summary>
    internal (TupleNames? Key, TupleNames? Value) TakeEntryNames()
    {
        var own = names;
        names = null;
        return (Part(own, 0), Part(own, 1));
    }

    /// <summary>Reads a sequence that has the given tuple names.</summary>
    internal DisplayTree.Sequence ReadSequence(IEnumerable sequence, ObjectShape shape, TupleNames? sequenceNames)
    {
        names = sequenceNames;
        return ReadSequence(sequence, shape);
    }

    private static TupleNames? Part(TupleNames? names, int part) =>
        names is { Parts: var parts } && part < parts.Count ? parts[part] : null;

    private DisplayTree.Text OwnText(string? own, Type type, bool isNested)
    {
        // Inside another value, an empty text would look like a missing value.
        if (own is null || (isNested && own.Length == 0)) return Counted(new(TypeNames.Of(type)));
        var text = new DisplayTree.Text(CutText.Of(own));
        return isNested ? Counted(text) : text;
    }

    /// <summary>Reads the members of an object, even if it has another form.</summary>
    internal DisplayTree ReadMembers(object value, ObjectShape shape)
    {
        names = null;
        var name = shape.IsAnonymous ? "" : TypeNames.Of(value.GetType());
        charsLeft -= name.Length;
        if (IsTooDeep && shape.Members.Count > 0) return new DisplayTree.Object(name, null);
        var members = new List<DisplayTree.Member>(shape.Members.Count);
        for (var i = 0; i < shape.Members.Count && !IsFull; i++)
        {
            var member = shape.Members[i];
            charsLeft -= member.Name.Length;
            members.Add(new(member.Name, shape.MemberTypes[i], ReadMember(member, value, shape.MemberNames[i])));
        }
        return new DisplayTree.Object(name, members);
    }

    private DisplayTree ReadMember(MemberInfo member, object owner, TupleNames? memberNames = null)
    {
        object? value;
        try
        {
            value = ObjectShape.Value(member, owner);
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            return Note(FaultText.Of(exception));
        }
        return ReadNested(value, memberNames);
    }

    /// <summary>Reads the items of a sequence, even if it has another form.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="shape">The shape of the sequence's type.</param>
    /// <param name="membersOnly">Whether to read the members of the items even if the items have another form.</param>
    internal DisplayTree.Sequence ReadSequence(IEnumerable sequence, ObjectShape shape, bool membersOnly = false)
    {
        var itemNames = Part(names, 0);
        names = null;
        var name = TypeNames.Of(sequence.GetType());
        if (IsTooDeep) return new(name, [], Elided, null, shape.IsDictionary);
        if (selectedRows is not null && sequence is IList list)
            return new(name, [.. RowsOf(list.Count).Select(row => ReadItem(list, row, membersOnly, itemNames))], null, list.Count,
                shape.IsDictionary);
        var items = new List<DisplayTree>();
        DisplayTree.Text? rest = null;
        try
        {
            foreach (var item in sequence)
            {
                if (items.Count == listLimit || IsFull)
                {
                    rest = DisplayTree.More(CountOf(sequence, shape) - items.Count);
                    break;
                }
                items.Add(ReadItem(item, membersOnly, itemNames));
            }
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            rest = Note(FaultText.Of(exception));
        }
        return new(name, items, rest, rest is null ? items.Count : CountOf(sequence, shape), shape.IsDictionary);
    }

    private DisplayTree ReadItem(object? item, bool membersOnly, TupleNames? itemNames) =>
        membersOnly && item is not (null or ITuple) && !Scalars.TryFormat(item, out _)
            ? ReadMembers(item, ObjectShape.Of(item.GetType()))
            : ReadNested(item, itemNames);

    private DisplayTree ReadItem(IList list, int row, bool membersOnly, TupleNames? itemNames)
    {
        object? item;
        try
        {
            item = list[row];
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            return Note(FaultText.Of(exception));
        }
        return ReadItem(item, membersOnly, itemNames);
    }

    private static int? CountOf(IEnumerable sequence, ObjectShape shape)
    {
        try
        {
            return sequence is ICollection collection ? collection.Count
                : shape.CountProperty is { } count ? (int?)ObjectShape.Value(count, sequence)
                : null;
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            return null;
        }
    }

    /// <summary>Reads a multidimensional array as nested arrays.</summary>
    private DisplayTree ReadRectangle(Array array, int[] indices, bool isTooDeep)
    {
        if (indices.Length == array.Rank) return ReadNested(array.GetValue(indices));
        var name = TypeNames.Of(array.GetType());
        if (isTooDeep || IsFull) return new DisplayTree.Sequence(name, [], Elided, null, false);
        var first = array.GetLowerBound(indices.Length);
        var length = array.GetLength(indices.Length);
        if (selectedRows is not null)
            return new DisplayTree.Sequence(name, [.. RowsOf(length).Select(row => ReadRectangle(array, [first + row], isTooDeep))], null,
                length, false);
        var shown = Math.Min(length, Math.Max(0, listLimit));
        var items = new List<DisplayTree>(Math.Min(shown, 1000));
        for (var i = 0; i < shown; i++) items.Add(ReadRectangle(array, [.. indices, first + i], isTooDeep));
        return new DisplayTree.Sequence(name, items, shown < length ? DisplayTree.More(length - shown) : null, length, false);
    }

    private string Bytes(byte[] bytes)
    {
        var shown = Math.Clamp(listLimit, 0, bytes.Length);
        var text = new DefaultInterpolatedStringHandler(0, 0, CultureInfo.InvariantCulture);
        text.AppendLiteral($"byte[{bytes.Length}] {{ ");
        foreach (var b in bytes.AsSpan(0, shown))
        {
            text.AppendFormatted(b, "X2");
            text.AppendLiteral(" ");
        }
        if (shown < bytes.Length) text.AppendLiteral(DisplayTree.More(bytes.Length - shown).Line + " ");
        text.AppendLiteral("}");
        return text.ToStringAndClear();
    }

    // Reads the status instead of the members, because Result would wait for the task.
    private DisplayTree.Object ReadTask(Task task)
    {
        var type = task.GetType();
        while (type != typeof(Task) && !Is(type, typeof(Task<>))) type = type.BaseType!;

        // The framework implements tasks without a result as tasks with a result of an internal type.
        var hasResult = type != typeof(Task) && type.GetGenericArguments()[0].Name != "VoidTaskResult";
        var members = new List<DisplayTree.Member> { new("Status", null, Counted(new(task.Status.ToString()))) };
        if (task.Exception is { } exception)
            members.Add(new("Exception", null, Counted(new(FaultText.Summary(exception.InnerException ?? exception)))));
        else if (hasResult && task.IsCompletedSuccessfully) members.Add(new("Result", null, ReadMember(type.GetProperty("Result")!, task)));
        return new(hasResult ? TypeNames.Of(type) : "Task", members);
    }

    // The result of a ValueTask, which ToString also reads, may be consumed only once: by the code that awaits it.
    private static bool IsValueTask(Type type) => type == typeof(ValueTask) || Is(type, typeof(ValueTask<>));

    private static bool Is(Type type, Type definition) => type.IsGenericType && type.GetGenericTypeDefinition() == definition;

    private DisplayTree.Text Note(string text) => Counted(new(text, TextKind.Note));

    private DisplayTree.Text Counted(DisplayTree.Text text)
    {
        charsLeft -= text.Line.Length;
        return text;
    }
}
