using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive.Commands;

/// <summary>Base class of commands to a kernel.</summary>
/// <param name="targetKernelName">The kernel that carries out the command; null for the kernel that receives it.</param>
public abstract class KernelCommand(string? targetKernelName = null)
{
    /// <summary>The kernel that carries out the command; null for the kernel that receives it.</summary>
    public string? TargetKernelName { get; internal set; } = targetKernelName;

    /// <summary>The command of which this one is a part; null if there is none.</summary>
    public KernelCommand? Parent { get; private set; }

    /// <summary>Sets the command of which this one is a part.</summary>
    public void SetParent(KernelCommand? parent, bool bubbleEvents = false) => Parent = parent;
}

/// <summary>Base class of the commands of directives. Their properties are set from the parameters of the same names.</summary>
public abstract class KernelDirectiveCommand(string? targetKernelName = null) : KernelCommand(targetKernelName)
{
    /// <summary>Returns the errors in the given parameters; if there are any, the command is not carried out.</summary>
    public virtual IEnumerable<string> GetValidationErrors(CompositeKernel kernel) => [];
}

/// <summary>A command to run code.</summary>
public class SubmitCode(string code, string? targetKernelName = null) : KernelCommand(targetKernelName)
{
    /// <summary>The code.</summary>
    public string Code => code;

    /// <summary>Has no effect here.</summary>
    public IDictionary<string, string> Parameters { get; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ToString() => $"{nameof(SubmitCode)}: {code}";
}

/// <summary>A command to display a value.</summary>
public class DisplayValue(FormattedValue formattedValue, string? valueId = null) : KernelCommand
{
    /// <summary>The value.</summary>
    public FormattedValue FormattedValue => formattedValue;

    /// <summary>The id by which the display can be updated.</summary>
    public string? ValueId => valueId;
}

/// <summary>A command to update a displayed value.</summary>
public class UpdateDisplayedValue(FormattedValue formattedValue, string valueId) : KernelCommand
{
    /// <summary>The value.</summary>
    public FormattedValue FormattedValue => formattedValue;

    /// <summary>The id of the display to update.</summary>
    public string ValueId => valueId;
}

/// <summary>A command to display an error.</summary>
public class DisplayError(string message) : KernelCommand
{
    /// <summary>The error.</summary>
    public string Message => message;
}

/// <summary>A command to ask the user for a line of input.</summary>
public class RequestInput(string prompt, string? inputTypeHint = null) : KernelCommand
{
    /// <summary>The prompt.</summary>
    public string Prompt => prompt;

    /// <summary>The kind of input: password for hidden input, anything else for ordinary text.</summary>
    public string InputTypeHint { get; set; } = inputTypeHint ?? "text";

    /// <summary>Whether the line is hidden while it is typed.</summary>
    public bool IsPassword => InputTypeHint == "password";
}

/// <summary>Describes one of several lines of input.</summary>
public class InputDescription(string name, string? prompt = null)
{
    /// <summary>The name of the line in the result.</summary>
    public string Name => name;

    /// <summary>The prompt.</summary>
    public string Prompt => prompt ?? name;

    /// <summary>The kind of input: password for hidden input, anything else for ordinary text.</summary>
    public string TypeHint { get; set; } = "text";

    /// <summary>Has no effect here.</summary>
    public string? SaveAs { get; set; }
}

/// <summary>A command to ask the user for several lines of input.</summary>
public class RequestInputs : KernelCommand
{
    /// <summary>The lines to ask for.</summary>
    public List<InputDescription> Inputs { get; init; } = [];
}

/// <summary>A command to read a variable.</summary>
public class RequestValue(string name, string mimeType = "application/json", string? targetKernelName = null)
    : KernelCommand(targetKernelName)
{
    /// <summary>The name of the variable.</summary>
    public string Name => name;

    /// <summary>The MIME type of the result.</summary>
    public string MimeType => mimeType;
}

/// <summary>A command to shut down the kernel, which is not possible from a cell.</summary>
public class Quit : KernelCommand;
