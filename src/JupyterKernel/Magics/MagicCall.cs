using System.Text;
using JupyterKernel.Compilation;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Magics;

/// <summary>How a parameter gets its value.</summary>
internal enum MagicValueKind
{
    /// <summary>The value is the literal text.</summary>
    Literal,

    /// <summary><c>@input</c>: the user is asked.</summary>
    Input,

    /// <summary><c>@password</c>: the user is asked with hidden input.</summary>
    Password,

    /// <summary><c>@csharp:x</c>, <c>@value:x</c>: the value of a variable or a stored value.</summary>
    Shared,
}

/// <summary>The value of a parameter.</summary>
/// <param name="Text">The literal value, the prompt, or the name of the shared value, depending on the kind.</param>
/// <param name="From">The source of a shared value: <c>csharp</c>, <c>value</c> or another language.</param>
internal sealed record MagicValue(MagicValueKind Kind, string Text, string? From = null)
{
    /// <summary>Parses a word. Source: https://github.com/dotnet/interactive/blob/main/docs/input-prompts.md</summary>
    /// <exception cref="FormatException">The word begins like <c>@input</c> but is malformed.</exception>
    public static MagicValue Of(string word, bool isQuoted)
    {
        if (isQuoted || word.Length < 2 || word[0] != '@') return new(MagicValueKind.Literal, word);
        var colon = word.IndexOf(':', StringComparison.Ordinal);
        var (before, behind) = colon < 0 ? (word[1..], "") : (word[1..colon], word[(colon + 1)..]);
        return before switch
        {
            "input" => new(MagicValueKind.Input, Prompt(behind)),
            "password" => new(MagicValueKind.Password, Prompt(behind)),
            _ => colon < 0 ? new(MagicValueKind.Shared, before, "csharp") : new(MagicValueKind.Shared, behind, before),
        };
    }

    private static string Prompt(string text)
    {
        if (!text.StartsWith('{')) return Unquoted(text);
        try
        {
            return (string?)(JObject.Parse(text)["prompt"] as JValue) ?? "";
        }
        catch (JsonException malformed)
        {
            throw new FormatException($"the text after @input: or @password: is not valid JSON ({malformed.Message})");
        }
    }

    private static string Unquoted(string text) => text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text;
}

/// <summary>A magic as called in a cell. Immutable; any thread.</summary>
/// <param name="Line">The number of the magic's line in the cell, from 1.</param>
/// <param name="Text">The lines below the magic without surrounding blank lines, if the magic takes text.</param>
internal sealed record MagicCall(MagicDefinition Magic, int Line, string Text, IReadOnlyDictionary<string, MagicValue> Values)
{
    private static readonly string[] HelpOptions = ["--help", "-h", "-?"];

    /// <summary>Whether the call only asks for help.</summary>
    public bool WantsHelp { get; private init; }

    /// <summary>Whether the call is in a block of HTML or JavaScript, so that its declarations belong to the page.</summary>
    public bool IsInPage { get; private init; }

    /// <summary>The text of a parameter; null if the parameter was not given.</summary>
    public string? this[string parameter] => Values.GetValueOrDefault(parameter)?.Text;

    /// <summary>Parses the text after a magic's name.</summary>
    /// <returns>The call, or an error message that states what to write instead.</returns>
    public static (MagicCall? Call, string? Problem) Parse(MagicDefinition magic, CellBlock block)
    {
        var arguments = block.Arguments;
        var values = new Dictionary<string, MagicValue>();
        var call = new MagicCall(magic, block.Line, block.Text, values) { IsInPage = block.Language.Name is "html" or "javascript" };
        if (magic.IsForeign) return (call, null);
        try
        {
            if (magic.TakesLine)
            {
                var line = arguments.Trim();
                if (HelpOptions.Contains(line)) return (call with { WantsHelp = true }, null);
                values[magic.Parameters[0].Name] = line.StartsWith("@input", StringComparison.Ordinal)
                    || line.StartsWith("@password", StringComparison.Ordinal)
                    ? MagicValue.Of(line, isQuoted: false)
                    : new(MagicValueKind.Literal, line);
                return (call, null);
            }

            var words = new Queue<(string Word, bool IsQuoted, int Start)>(Words(arguments));
            var places = new Queue<MagicParameter>(magic.Parameters.Where(parameter => parameter.IsArgument || parameter.IsPositional));

            // An option that was given by name does not also take a positional value.
            MagicParameter? NextPlace()
            {
                while (places.TryDequeue(out var place))
                {
                    if (!values.ContainsKey(place.Name)) return place;
                }

                return null;
            }

            while (words.TryDequeue(out var next))
            {
                var (word, isQuoted, start) = next;
                if (!isQuoted && HelpOptions.Contains(word)) return (call with { WantsHelp = true }, null);
                if (!isQuoted && word.Length > 1 && word[0] == '-' && !char.IsAsciiDigit(word[1]))
                {
                    var equals = word.IndexOf('=', StringComparison.Ordinal);
                    var name = equals < 0 ? word : word[..equals];
                    if (magic.Parameters.FirstOrDefault(parameter => parameter.Name == name) is not { } option)
                    {
                        var nearest = Suggestions.Nearest(name, magic.Parameters.Select(parameter => parameter.Name));
                        return (null, $"Unknown option '{name}' of {magic.Name}. {nearest ?? $"{magic.Name} --help lists its options."}");
                    }

                    if (option.IsFlag) values[name] = new(MagicValueKind.Literal, "true");
                    else if (equals >= 0) values[name] = Value(option, word[(equals + 1)..], isQuoted: false);
                    else if (words.TryDequeue(out var value)) values[name] = Value(option, value.Word, value.IsQuoted);
                    else return (null, $"{name} of {magic.Name} needs a value: {name} <{option.ValueName}>. {option.Help}");
                    if (option.Values.Count > 0 && !option.Values.Contains(values[name].Text))
                    {
                        return (null, $"'{values[name].Text}' is not a valid value for {name} of {magic.Name}. Use one of: "
                            + $"{string.Join(", ", option.Values)}.");
                    }
                }
                else if (NextPlace() is { } place)
                {
                    values[place.Name] = place.TakesRest ? new(MagicValueKind.Literal, arguments[start..].Trim())
                        : Value(place, word, isQuoted);
                    if (place.TakesRest) break;
                }
                else
                {
                    return (null, $"Unexpected argument '{word}'. {Usage(magic)}");
                }
            }
        }
        catch (FormatException malformed)
        {
            return (null, $"{magic.Name}: {malformed.Message}.");
        }

        return magic.Parameters.FirstOrDefault(parameter => parameter.IsRequired && !values.ContainsKey(parameter.Name)) is { } missing
            ? (null,
                $"{magic.Name} needs {missing.Name}: {missing.Help} "
                + $"{Usage(magic)}{(magic.TakesText ? ". If C# code follows the text, begin it with #!csharp." : "")}")
            : (call, null);
    }

    private static MagicValue Value(MagicParameter parameter, string word, bool isQuoted) =>
        MagicValue.Of(word, isQuoted) is var value && value.Kind == MagicValueKind.Shared && !parameter.TakesReference
            ? new(MagicValueKind.Literal, word) : value;

    /// <summary>Returns the help text of a magic.</summary>
    public static string Help(MagicDefinition magic)
    {
        var text = new StringBuilder($"{magic.Name}: {magic.Help}\n{Usage(magic)}");
        if (magic.Aliases.Count > 0) text.Append("\nAlso: ").AppendJoin(", ", magic.Aliases);
        var width = magic.Parameters.Select(parameter => parameter.Name.Length).DefaultIfEmpty(0).Max() + 2;
        foreach (var parameter in magic.Parameters)
        {
            text.Append("\n  ").Append(parameter.Name.PadRight(width)).Append(parameter.Help);
            if (parameter.Values.Count > 0) text.Append(" One of: ").AppendJoin(", ", parameter.Values).Append('.');
        }

        return text.ToString();
    }

    private static string Usage(MagicDefinition magic)
    {
        var parts = magic.Parameters
            .Select(parameter => (parameter,
                text: parameter.IsArgument ? parameter.Name
                    : parameter.IsFlag ? parameter.Name : $"{parameter.Name} <{parameter.ValueName}>"))
            .Select(part => part.parameter.IsRequired ? part.text : $"[{part.text}]");
        return $"Usage: {string.Join(' ', parts.Prepend(magic.Name))}{(magic.TakesText ? ", and text in the lines below" : "")}";
    }

    /// <summary>Splits text into words at blanks, except in quotes and within the braces of JSON.</summary>
    /// <exception cref="FormatException">A quote or a brace is not closed.</exception>
    private static IEnumerable<(string Word, bool IsQuoted, int Start)> Words(string line)
    {
        for (var at = 0; at < line.Length;)
        {
            if (char.IsWhiteSpace(line[at]))
            {
                at++;
                continue;
            }

            var start = at;
            if (line[at] == '"')
            {
                at = Quoted(line, at);
                yield return (line[(start + 1)..(at - 1)].Replace("\\\"", "\"", StringComparison.Ordinal), true, start);
                continue;
            }

            var depth = 0;
            while (at < line.Length && (depth > 0 || !char.IsWhiteSpace(line[at])))
            {
                if (line[at] == '"' && (depth > 0 || line[at - 1] is ':' or '='))
                {
                    at = Quoted(line, at);
                    continue;
                }

                depth += line[at] switch { '{' => 1, '}' => -1, _ => 0 };
                at++;
            }

            if (depth > 0) throw new FormatException("a brace is not closed");
            var word = line[start..at];
            var equals = word.IndexOf("=\"", StringComparison.Ordinal);
            yield return (word[0] == '-' && equals > 0 && word[^1] == '"' ? $"{word[..equals]}={word[(equals + 2)..^1]}" : word, false,
                start);
        }
    }

    private static int Quoted(string line, int start)
    {
        for (var at = start + 1; at < line.Length; at++)
        {
            if (line[at] == '\\' && at + 1 < line.Length && line[at + 1] is '"' or '\\') at++;
            else if (line[at] == '"') return at + 1;
        }

        throw new FormatException("a quotation mark is not closed");
    }
}
