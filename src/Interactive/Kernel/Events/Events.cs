using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive.Events;

/// <summary>Base class of the events of a command.</summary>
public abstract class KernelEvent(KernelCommand command)
{
    /// <summary>The command.</summary>
    public KernelCommand Command => command;

    /// <inheritdoc/>
    public override string ToString() => GetType().Name;

    /// <summary>Displays the value of the event, if it has one.</summary>
    internal virtual void Show()
    {
    }
}

/// <summary>Base class of the events that end a command.</summary>
public abstract class KernelCommandCompletionEvent(KernelCommand command, int? executionOrder = null) : KernelEvent(command)
{
    /// <summary>The number of the cell, if known.</summary>
    public int? ExecutionOrder => executionOrder;
}

/// <summary>A command has succeeded.</summary>
public class CommandSucceeded(KernelCommand command, int executionOrder = 0) : KernelCommandCompletionEvent(command, executionOrder);

/// <summary>A command has failed.</summary>
public class CommandFailed(Exception? exception, KernelCommand command, string? message = null,
    int? executionOrder = null) : KernelCommandCompletionEvent(command, executionOrder)
{
    /// <summary>Creates the event for a failure without an exception.</summary>
    public CommandFailed(string message, KernelCommand command, int? executionOrder = null) : this(null, command, message, executionOrder)
    {
    }

    /// <summary>The exception; null if there was none.</summary>
    public Exception? Exception => exception;

    /// <summary>The reason for the failure.</summary>
    public string Message { get; } = message ?? exception?.Message ?? "";

    /// <inheritdoc/>
    public override string ToString() => $"{nameof(CommandFailed)}: {Message}";
}

/// <summary>Base class of the events that display a value.</summary>
public abstract class DisplayEvent(object? value, KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null,
    string? valueId = null) : KernelEvent(command)
{
    /// <summary>The value.</summary>
    public object? Value => value;

    /// <summary>The displayed forms.</summary>
    public IReadOnlyCollection<FormattedValue> FormattedValues { get; } = formattedValues ?? [];

    /// <summary>The id by which the display can be updated.</summary>
    public string? ValueId => valueId;

    /// <summary>Whether the event updates an existing display.</summary>
    internal virtual bool IsUpdate => false;

    internal override void Show()
    {
        var forms = FormattedValues.Count > 0 ? Forms.Bundle(FormattedValues) : Forms.Of(Value, []);
        if (ValueId is null) JupyterKernel.Display.DisplayedValue.Show(forms);
        else new JupyterKernel.Display.DisplayedValue(ValueId).Show(forms, IsUpdate);
    }

    private protected string Text => FormattedValues.FirstOrDefault()?.Value ?? Value?.ToString() ?? "";
}

/// <summary>A value was displayed.</summary>
public class DisplayedValueProduced(object? value, KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null,
    string? valueId = null)
    : DisplayEvent(value, command, formattedValues, valueId);

/// <summary>A display was updated.</summary>
public class DisplayedValueUpdated(object? value, string valueId, KernelCommand command,
    IReadOnlyCollection<FormattedValue>? formattedValues = null)
    : DisplayEvent(value, command, formattedValues, valueId)
{
    internal override bool IsUpdate => true;
}

/// <summary>Code returned a result.</summary>
public class ReturnValueProduced(object? value, KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null,
    string? valueId = null)
    : DisplayEvent(value, command, formattedValues, valueId);

/// <summary>Text was written to stdout.</summary>
public class StandardOutputValueProduced(KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null,
    string? valueId = null)
    : DisplayEvent(null, command, formattedValues, valueId)
{
    internal override void Show() => Console.Out.Write(Text);
}

/// <summary>Text was written to stderr.</summary>
public class StandardErrorValueProduced(KernelCommand command, IReadOnlyCollection<FormattedValue>? formattedValues = null,
    string? valueId = null)
    : DisplayEvent(null, command, formattedValues, valueId)
{
    internal override void Show() => Console.Error.Write(Text);
}

/// <summary>An error occurred; the cell continues.</summary>
public class ErrorProduced(string message, KernelCommand command,
    IReadOnlyCollection<FormattedValue>? formattedValues = null) : DisplayEvent(message, command, formattedValues)
{
    /// <summary>The error.</summary>
    public string Message => message;

    internal override void Show() => Console.Error.WriteLine(message);
}

/// <summary>The user entered a line of input.</summary>
public class InputProduced(string value, RequestInput command) : KernelEvent(command)
{
    /// <summary>The line.</summary>
    public string Value => value;
}

/// <summary>The user entered several lines of input.</summary>
public class InputsProduced(Dictionary<string, string> values, RequestInputs command) : KernelEvent(command)
{
    /// <summary>The lines, by name.</summary>
    public Dictionary<string, string> Values => values;
}

/// <summary>A variable was read.</summary>
public class ValueProduced(object? value, string name, FormattedValue formattedValue, RequestValue command) : KernelEvent(command)
{
    /// <summary>The value.</summary>
    public object? Value => value;

    /// <summary>The name of the variable.</summary>
    public string Name => name;

    /// <summary>The value in the requested form.</summary>
    public FormattedValue FormattedValue => formattedValue;
}
