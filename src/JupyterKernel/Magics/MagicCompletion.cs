using System.Text.RegularExpressions;
using JupyterKernel.Intelligence;

namespace JupyterKernel.Magics;

/// <summary>Completes a line that begins with <c>#!</c>: names of magics, their options and option values. Pure; any thread.</summary>
internal static partial class MagicCompletion
{
    private const string Help = "--help";

    /// <param name="magics">The magics of the session.</param>
    /// <returns>The completions; null if the line up to the cursor does not begin with <c>#!</c>.</returns>
    public static CompletionList? Complete(string code, int index, MagicSet magics)
    {
        index = Math.Clamp(index, 0, code.Length);
        var lineStart = index == 0 ? 0 : code.LastIndexOfAny(['\r', '\n'], index - 1) + 1;
        if (Line().Match(code[lineStart..index]) is not { Success: true } line) return null;
        var typed = line.Groups["typed"].Value;
        if (!line.Groups["name"].Success)
        {
            return List(magics.All.SelectMany(magic => magic.Names.Select(name => new CompletionItem(name, "keyword", magic.Help))));
        }
        if (magics.Find(line.Groups["name"].Value) is not { } magic) return List([]);

        var before = line.Groups["before"].Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var option = before.Length > 0
            ? magic.Parameters.FirstOrDefault(parameter =>
                parameter is { IsArgument: false, IsFlag: false } && parameter.Name == before[^1])
            : null;
        if (typed.StartsWith('-'))
            return List(magic.Parameters.Where(parameter => !parameter.IsArgument)
                .Select(parameter => new CompletionItem(parameter.Name, "option", parameter.Help))
                .Append(new(Help, "option", "Shows the help of the magic.")));
        var parameters = option is not null ? [option]
            : magic.Parameters.Where(parameter => parameter.IsArgument || parameter.IsPositional);
        return parameters.Any(parameter => parameter.ValueName.Contains("file", StringComparison.OrdinalIgnoreCase)
            || parameter.Name.Contains("file", StringComparison.OrdinalIgnoreCase))
            ? FilePaths.Complete(typed, index, null)
            : List(parameters.SelectMany(parameter => parameter.Values.Concat(parameter.Proposals)
                .Select(value => new CompletionItem(value, "value", parameter.Help))));

        CompletionList List(IEnumerable<CompletionItem> items) =>
            new([.. items.Where(item => item.Text.StartsWith(typed, StringComparison.OrdinalIgnoreCase))], index - typed.Length, index);
    }

    [GeneratedRegex(@"^\s*((?<typed>#!\S*)|(?<name>#!\S+)\s+(?<before>(\S+\s+)*)(?<typed>\S*))$", RegexOptions.ExplicitCapture)]
    private static partial Regex Line();
}
