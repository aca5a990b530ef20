using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Formatting;

/// <summary>Formats exceptions as text. Any thread.</summary>
internal static class FaultText
{
    /// <summary>Returns the text shown in place of a value whose code threw.</summary>
    internal static string Of(Exception exception) => "⚠ " + Summary(exception);

    /// <summary>Returns the type and message of an exception; only the type if getting the message throws.</summary>
    internal static string Summary(Exception exception)
    {
        var name = TypeNames.Of(exception.GetType());
        try
        {
            return $"{name}: {CutText.Of(exception.Message)}";
        }
        catch (Exception fault) when (!NotebookHost.IsInterruption(fault))
        {
            return name;
        }
    }

    /// <summary>Returns the exception, its inner exceptions and its stack trace, one per line.</summary>
    internal static string WithTrace(Exception exception)
    {
        var text = Summary(exception);
        for (var inner = exception.InnerException;
            inner is not null && text.Length < FormatLimits.StructureChars;
            inner = inner.InnerException)
            text += "\n ---> " + Summary(inner);
        return exception.StackTrace is { Length: > 0 } trace ? $"{text}\n{trace}" : text;
    }
}
