using System.Text.RegularExpressions;

namespace JupyterKernel.Worker.Console;

/// <summary>
/// The line that a cell has begun to print but not ended. Terminal programs use it as a prompt: <c>Console.Write("Name? ");
/// Console.ReadLine()</c>. For one thread at a time.
/// </summary>
internal sealed partial class UnfinishedLine
{
    /// <summary>The maximum length; of a longer line only the end is kept, because the prompt is there.</summary>
    private const int MaxCharacters = 500;

    private const string Error = "stderr";

    private string output = "";
    private string error = "";
    private bool wasError;

    /// <summary>Adds printed text.</summary>
    /// <param name="stream">stdout or stderr.</param>
    public void Add(string stream, string text)
    {
        wasError = stream == Error;
        if (wasError) error = After(error, text);
        else output = After(output, text);
    }

    /// <summary>Clears the line, because other output was shown or the user has answered.</summary>
    public void Clear() => output = error = "";

    /// <summary>Returns the line without colours: that of the stream written last, or else that of the other stream.</summary>
    public override string ToString()
    {
        var line = (wasError, output, error) is (true, _, { Length: > 0 }) or (_, "", _) ? error : output;

        // After a carriage return, the line is overwritten from its beginning.
        var plain = Escapes().Replace(line, "").TrimEnd('\r');
        return plain[(plain.LastIndexOf('\r') + 1)..];
    }

    private static string After(string begun, string text)
    {
        var end = text.LastIndexOf('\n');
        var line = end >= 0 ? text[(end + 1)..] : begun + text;
        return line.Length > MaxCharacters ? line[^MaxCharacters..] : line;
    }

    [GeneratedRegex("\\e\\[[0-?]*[ -/]*[@-~]")]
    private static partial Regex Escapes();
}
