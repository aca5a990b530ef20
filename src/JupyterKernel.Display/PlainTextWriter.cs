using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace JupyterKernel.Display;

/// <summary>
/// Writes one value with all its parts as text, within the limits of <see cref="Formatter"/>: lazily, each
/// sequence and member once, whatever the value does. One writer for one value, on the thread that asks.
/// </summary>
internal sealed class PlainTextWriter
{
    private readonly StringBuilder text = new();
    private readonly List<object> ancestors = [];
    private int limit = Formatter.StructureTextLimit;

    private bool IsFull => text.Length >= limit;

    /// <summary>The text of a value that is no scalar. To be called once.</summary>
    internal string Write(object value)
    {
        WriteStructure(value, isNested: false);
        if (text.Length > limit)
        {
            text.Length = limit;
            text.Append("… (cut: the text is too long)");
        }
        return text.ToString();
    }

    /// <summary>What is shown in the place of a value that could not be had.</summary>
    internal static string Fault(Exception exception) => "⚠ " + Summary(exception);

    private void WriteNested(object? value)
    {
        NotebookHost.Current?.CancellationToken.ThrowIfCancellationRequested();
        if (Scalars.TryFormatNested(value, out var scalar)) text.Append(scalar);
        else WriteStructure(value!, isNested: true);
    }

    private void WriteStructure(object value, bool isNested)
    {
        if (IsFull) return;
        if (!value.GetType().IsValueType && ancestors.Exists(a => ReferenceEquals(a, value)))
        {
            text.Append('…');
            return;
        }
        // A ToString that calls the formatter again gets here with a fresh writer.
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            text.Append('…');
            return;
        }
        ancestors.Add(value);
        try
        {
            WriteParts(value, isNested);
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            text.Append(Fault(exception));
        }
        ancestors.RemoveAt(ancestors.Count - 1);
    }

    private void WriteParts(object value, bool isNested)
    {
        switch (value)
        {
            case IDisplayable displayable: text.Append(Formatter.BundleOf(displayable).PlainForm); return;
            case Exception exception: WriteException(exception, isNested); return;
            case Delegate: text.Append(TypeNames.Of(value.GetType())); return;
            case Task task: WriteTask(task); return;
            case byte[] bytes: WriteBytes(bytes); return;
            case DictionaryEntry entry: WriteEntry(entry.Key, entry.Value); return;
            case ITuple tuple: WriteTuple(tuple); return;
        }

        var type = value.GetType();
        var shape = ObjectShape.Of(type);
        if (IsValueTask(type))
            text.Append(TypeNames.Of(type));
        else if (shape.IsEntry)
            WriteEntry(ObjectShape.Value(shape.Members[0], value), ObjectShape.Value(shape.Members[1], value));
        else if (shape.HasOwnText && value is not IQueryable)
            WriteOwnText(value.ToString(), type, isNested);
        else if (value is Array { Rank: > 1 } array)
            WriteRectangle(array, [], isTooDeep: ancestors.Count > Formatter.RecursionLimit);
        else if (value is IEnumerable sequence)
            WriteSequence(sequence, shape);
        else
            WriteMembers(value, type, shape);
    }

    private void WriteOwnText(string? own, Type type, bool isNested)
    {
        // Among others an empty text would look like something missing.
        text.Append(own is null || (isNested && own.Length == 0) ? TypeNames.Of(type) : Formatter.Cut(own));
        // A value that is nothing but text is as long as strings may be.
        if (!isNested) limit = int.MaxValue;
    }

    private void WriteMembers(object value, Type type, ObjectShape shape)
    {
        if (!shape.IsAnonymous) text.Append(TypeNames.Of(type));
        if (shape.Members.Count == 0 && !shape.IsAnonymous) return;
        if (!shape.IsAnonymous) text.Append(' ');
        if (ancestors.Count > Formatter.RecursionLimit)
        {
            text.Append("{ … }");
            return;
        }

        var opening = "{ ";
        foreach (var member in shape.Members)
        {
            if (IsFull) return;
            text.Append(opening).Append(member.Name).Append(" = ");
            WriteMember(member, value);
            opening = ", ";
        }
        text.Append(shape.Members.Count == 0 ? "{ }" : " }");
    }

    private void WriteMember(MemberInfo member, object owner)
    {
        object? value;
        try
        {
            value = ObjectShape.Value(member, owner);
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            text.Append(Fault(exception));
            return;
        }
        WriteNested(value);
    }

    private void WriteSequence(IEnumerable sequence, ObjectShape shape)
    {
        var (opening, closing) = shape.IsDictionary ? ("{ ", " }") : ("[", "]");
        if (ancestors.Count > Formatter.RecursionLimit)
        {
            text.Append(opening).Append('…').Append(closing);
            return;
        }

        text.Append(opening);
        var shown = 0;
        try
        {
            foreach (var item in sequence)
            {
                if (shown > 0) text.Append(", ");
                if (shown == Formatter.ListExpansionLimit || IsFull)
                {
                    WriteMore(CountOf(sequence, shape) - shown);
                    break;
                }
                WriteNested(item);
                shown++;
            }
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            text.Append(shown > 0 && text[^1] != ' ' ? ", " : "").Append(Fault(exception));
        }
        if (shown == 0 && shape.IsDictionary && text[^1] == ' ') text.Length--;
        text.Append(closing);
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

    private void WriteMore(int? count) =>
        text.Append(count is > 0 ? string.Create(CultureInfo.InvariantCulture, $"… ({count:N0} more)") : "… (more)");

    private void WriteEntry(object? key, object? value)
    {
        WriteNested(key);
        text.Append(": ");
        WriteNested(value);
    }

    private void WriteTuple(ITuple tuple)
    {
        if (ancestors.Count > Formatter.RecursionLimit)
        {
            text.Append("(…)");
            return;
        }
        text.Append('(');
        for (var i = 0; i < tuple.Length; i++)
        {
            if (i > 0) text.Append(", ");
            WriteNested(tuple[i]);
        }
        text.Append(')');
    }

    /// <summary>An array of several dimensions, as arrays in arrays.</summary>
    private void WriteRectangle(Array array, int[] indices, bool isTooDeep)
    {
        if (isTooDeep || IsFull)
        {
            text.Append("[…]");
            return;
        }
        if (indices.Length == array.Rank)
        {
            WriteNested(array.GetValue(indices));
            return;
        }
        text.Append('[');
        var first = array.GetLowerBound(indices.Length);
        var length = array.GetLength(indices.Length);
        for (var i = 0; i < length; i++)
        {
            if (i > 0) text.Append(", ");
            if (i == Formatter.ListExpansionLimit)
            {
                WriteMore(length - i);
                break;
            }
            WriteRectangle(array, [.. indices, first + i], isTooDeep);
        }
        text.Append(']');
    }

    private void WriteBytes(byte[] bytes)
    {
        var shown = Math.Clamp(Formatter.ListExpansionLimit, 0, bytes.Length);
        text.Append(CultureInfo.InvariantCulture, $"byte[{bytes.Length}] {{ ");
        foreach (var b in bytes.AsSpan(0, shown)) text.Append(CultureInfo.InvariantCulture, $"{b:X2} ");
        if (shown < bytes.Length)
        {
            WriteMore(bytes.Length - shown);
            text.Append(' ');
        }
        text.Append('}');
    }

    // Its state, not its members: Result would wait for it.
    private void WriteTask(Task task)
    {
        var type = task.GetType();
        while (type != typeof(Task) && !Is(type, typeof(Task<>))) type = type.BaseType!;
        // A task without a result is, within the framework, one with a result of a type of no interest.
        var hasResult = type != typeof(Task) && type.GetGenericArguments()[0].Name != "VoidTaskResult";
        text.Append(hasResult ? TypeNames.Of(type) : "Task").Append(" { Status = ").Append(task.Status.ToString());
        if (task.Exception is { } exception)
        {
            text.Append(", Exception = ").Append(Summary(exception.InnerException ?? exception));
        }
        else if (hasResult && task.IsCompletedSuccessfully)
        {
            text.Append(", Result = ");
            WriteMember(type.GetProperty("Result")!, task);
        }
        text.Append(" }");
    }

    // The result of a ValueTask, which its ToString reads too, may be had only once: by the one who awaits it.
    private static bool IsValueTask(Type type) =>
        type == typeof(ValueTask) || Is(type, typeof(ValueTask<>));

    private static bool Is(Type type, Type definition) => type.IsGenericType && type.GetGenericTypeDefinition() == definition;

    private void WriteException(Exception exception, bool isNested)
    {
        text.Append(Summary(exception));
        if (isNested) return;
        for (var inner = exception.InnerException; inner is not null && !IsFull; inner = inner.InnerException)
            text.Append("\n ---> ").Append(Summary(inner));
        if (exception.StackTrace is { Length: > 0 } trace) text.Append('\n').Append(trace);
    }

    private static string Summary(Exception exception)
    {
        var name = TypeNames.Of(exception.GetType());
        try
        {
            return $"{name}: {Formatter.Cut(exception.Message)}";
        }
        catch (Exception fault) when (!NotebookHost.IsInterruption(fault))
        {
            return name;
        }
    }
}
