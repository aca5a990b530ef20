using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive.Commands;

/// <summary>What a kernel is asked to do.</summary>
/// <param name="targetKernelName">Which kernel; null for the one that it is sent to.</param>
public abstract class KernelCommand(string? targetKernelName = null)
{
    /// <summary>Which kernel; null for the one that it is sent to.</summary>
    public string? TargetKernelName { get; internal set; } = targetKernelName;

    /// <summary>The command that this one is part of.</summary>
    public KernelCommand? Parent { get; private set; }

    /// <summary>Says which command this one is part of.</summary>
    public void SetParent(KernelCommand? parent, bool bubbleEvents = false) => Parent = parent;
}

/// <summary>A command that a directive of one's own stands for: its properties are set by the directive's parameters of their names.</summary>
public abstract class KernelDirectiveCommand(string? targetKernelName = null) : KernelCommand(targetKernelName)
{
    /// <summary>What is wrong with what was given; then the command is not carried out.</summary>
    public virtual IEnumerable<string> GetValidationErrors(CompositeKernel kernel) => [];
}

/// <summary>Run code.</summary>
public class SubmitCode(string code, string? targetKernelName = null) : KernelCommand(targetKernelName)
{
    /// <summary>The code.</summary>
    public string Code => code;

    /// <summary>Has no effect here.</summary>
    public IDictionary<string, string> Parameters { get; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ToString() => $"{nameof(SubmitCode)}: {code}";
}

/// <summary>Show a value.</summary>
public class DisplayValue(FormattedValue formattedValue, string? valueId = null) : KernelCommand
{
    /// <summary>What to show.</summary>
    public FormattedValue FormattedValue => formattedValue;

    /// <summary>By which it can be replaced.</summary>
    public string? ValueId => valueId;
}

/// <summary>Show another value in the place of one.</summary>
public class UpdateDisplayedValue(FormattedValue formattedValue, string valueId) : KernelCommand
{
    /// <summary>What to show.</summary>
    public FormattedValue FormattedValue => formattedValue;

    /// <summary>What it replaces.</summary>
    public string ValueId => valueId;
}

/// <summary>Show an error.</summary>
public class DisplayError(string message) : KernelCommand
{
    /// <summary>The error.</summary>
    public string Message => message;
}

/// <summary>Ask the user for a line.</summary>
public class RequestInput(string prompt, string? inputTypeHint = null) : KernelCommand
{
    /// <summary>What is asked.</summary>
    public string Prompt => prompt;

    /// <summary>password, or anything else.</summary>
    public string InputTypeHint { get; set; } = inputTypeHint ?? "text";

    /// <summary>Whether the line is not shown while it is typed.</summary>
    public bool IsPassword => InputTypeHint == "password";
}

/// <summary>One of several lines that the user is asked for.</summary>
public class InputDescription(string name, string? prompt = null)
{
    /// <summary>By which its line is found.</summary>
    public string Name => name;

    /// <summary>What is asked.</summary>
    public string Prompt => prompt ?? name;

    /// <summary>password, or anything else.</summary>
    public string TypeHint { get; set; } = "text";

    /// <summary>Has no effect here.</summary>
    public string? SaveAs { get; set; }
}

/// <summary>Ask the user for several lines.</summary>
public class RequestInputs : KernelCommand
{
    /// <summary>Which.</summary>
    public List<InputDescription> Inputs { get; init; } = [];
}

/// <summary>Tell a variable's value.</summary>
public class RequestValue(string name, string mimeType = "application/json", string? targetKernelName = null) : KernelCommand(targetKernelName)
{
    /// <summary>The variable.</summary>
    public string Name => name;

    /// <summary>The form that is wanted.</summary>
    public string MimeType => mimeType;
}

/// <summary>End the kernel, which a cell cannot.</summary>
public class Quit : KernelCommand;
