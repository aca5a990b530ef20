using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive.Events;

/// <summary>What has happened while a command was carried out.</summary>
public abstract class KernelEvent(KernelCommand command)
{
    /// <summary>The command.</summary>
    public KernelCommand Command => command;

    /// <inheritdoc/>
    public override string ToString() => GetType().Name;

    /// <summary>Shows what there is to show.</summary>
    internal virtual void Show()
    {
    }
}

/// <summary>A command was carried out, or not.</summary>
public abstract class KernelCommandCompletionEvent(KernelCommand command, int? executionOrder = null) : KernelEvent(command)
{
    /// <summary>The cell's number, where that is known.</summary>
    public int? ExecutionOrder => executionOrder;
}

/// <summary>A command was carried out.</summary>
public class CommandSucceeded(KernelCommand command, int executionOrder = 0) : KernelCommandCompletionEvent(command, executionOrder);

/// <summary>A command was not carried out.</summary>
public class CommandFailed(Exception? exception, KernelCommand command, string? message = null, int? executionOrder = null) : KernelCommandCompletionEvent(command, executionOrder)
{
    /// <summary>A failure that is no exception.</summary>
    public CommandFailed(string message, KernelCommand command, int? executionOrder = null) : this(null, command, message, executionOrder)
    {
    }

    /// <summary>The exception, if it was one.</summary>
    public Exception? Exception => exception;

    /// <summary>Why.</summary>
    public string Message { get; } = message ?? exception?.Message ?? "";

    /// <inheritdoc/>
    public override string ToString() => $"{nameof(CommandFailed)}: {Message}";
}

/// <summary>Something is shown.</summary>
public abstract class DisplayEvent(object? value, KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null, string? valueId = null) : KernelEvent(command)
{
    /// <summary>What is shown.</summary>
    public object? Value => value;

    /// <summary>The forms that it is shown in.</summary>
    public IReadOnlyCollection<FormattedValue> FormattedValues { get; } = formattedValues ?? [];

    /// <summary>By which it can be replaced.</summary>
    public string? ValueId => valueId;

    /// <summary>Whether it replaces what was shown.</summary>
    internal virtual bool IsUpdate => false;

    internal override void Show()
    {
        var forms = FormattedValues.Count > 0 ? Forms.Bundle(FormattedValues) : Forms.Of(Value, []);
        if (ValueId is null) JupyterKernel.Display.DisplayedValue.Show(forms);
        else new JupyterKernel.Display.DisplayedValue(ValueId).Show(forms, IsUpdate);
    }

    private protected string Text => FormattedValues.FirstOrDefault()?.Value ?? Value?.ToString() ?? "";
}

/// <summary>A value is shown.</summary>
public class DisplayedValueProduced(object? value, KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null, string? valueId = null)
    : DisplayEvent(value, command, formattedValues, valueId);

/// <summary>A value is shown in the place of another.</summary>
public class DisplayedValueUpdated(object? value, string valueId, KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null)
    : DisplayEvent(value, command, formattedValues, valueId)
{
    internal override bool IsUpdate => true;
}

/// <summary>Code has a result.</summary>
public class ReturnValueProduced(object? value, KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null, string? valueId = null)
    : DisplayEvent(value, command, formattedValues, valueId);

/// <summary>Something is printed.</summary>
public class StandardOutputValueProduced(KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null, string? valueId = null)
    : DisplayEvent(null, command, formattedValues, valueId)
{
    internal override void Show() => Console.Out.Write(Text);
}

/// <summary>Something is printed as an error.</summary>
public class StandardErrorValueProduced(KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null, string? valueId = null)
    : DisplayEvent(null, command, formattedValues, valueId)
{
    internal override void Show() => Console.Error.Write(Text);
}

/// <summary>There is an error to show; the cell goes on.</summary>
public class ErrorProduced(string message, KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null) : DisplayEvent(message, command, formattedValues)
{
    /// <summary>The error.</summary>
    public string Message => message;

    internal override void Show() => Console.Error.WriteLine(message);
}

/// <summary>The user has answered.</summary>
public class InputProduced(string value, RequestInput command) : KernelEvent(command)
{
    /// <summary>The line.</summary>
    public string Value => value;
}

/// <summary>The user has answered.</summary>
public class InputsProduced(Dictionary<string, string> values, RequestInputs command) : KernelEvent(command)
{
    /// <summary>The lines by their names.</summary>
    public Dictionary<string, string> Values => values;
}

/// <summary>A variable's value was asked for.</summary>
public class ValueProduced(object? value, string name, FormattedValue formattedValue, RequestValue command) : KernelEvent(command)
{
    /// <summary>The value.</summary>
    public object? Value => value;

    /// <summary>The variable.</summary>
    public string Name => name;

    /// <summary>The value in the form that was asked for.</summary>
    public FormattedValue FormattedValue => formattedValue;
}
