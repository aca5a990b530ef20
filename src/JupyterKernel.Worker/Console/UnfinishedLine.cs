using System.Text.RegularExpressions;

namespace JupyterKernel.Worker.Console;

/// <summary>
/// The line that a cell has printed and not ended, which terminal programs use as a prompt: <c>Console.Write("Name? ");
/// Console.ReadLine()</c>. For one thread at a time.
/// </summary>
internal sealed partial class UnfinishedLine
{
    /// <summary>The maximum length; of a longer line the end is kept, which contains the prompt.</summary>
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

    /// <summary>Clears the line, because other output was shown or the user has ended it.</summary>
    public void Clear() => output = error = "";

    /// <summary>The line without colours; the other stream's line if the latest stream has ended its own.</summary>
    public override string ToString()
    {
        var line = (wasError, output, error) is (true, _, { Length: > 0 }) or (_, "", _) ? error : output;

        // A carriage return restarts the line.
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
