using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>An option or a positional argument of a magic. Immutable; any thread.</summary>
/// <param name="Name">The name as written, such as <c>--name</c>; without dashes for a positional argument.</param>
/// <param name="Help">A one-line description.</param>
internal sealed record MagicParameter(string Name, string Help)
{
    /// <summary>The placeholder of its value in help.</summary>
    public string ValueName { get; init; } = "value";

    /// <summary>The values that it accepts; empty for any.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Whether it is required.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether its value is the rest of the line.</summary>
    public bool TakesRest { get; init; }

    /// <summary>Whether it is a flag without a value.</summary>
    public bool IsFlag { get; init; }

    /// <summary>
    /// Whether the magic itself handles <c>@csharp:x</c> and <c>@input</c>; otherwise input is requested before and all other values are
    /// text.
    /// </summary>
    public bool TakesReference { get; init; }

    /// <summary>Whether a value without a name may belong to this option.</summary>
    public bool IsPositional { get; init; }

    /// <summary>The proposed values for completion; others are accepted as well.</summary>
    public IReadOnlyList<string> Proposals { get; init; } = [];

    /// <summary>Whether it is a positional argument.</summary>
    public bool IsArgument => Name[0] != '-';
}

/// <summary>
/// A command on a line that begins with <c>#!</c>, with all the data needed to run, list, explain or complete it. Immutable; any thread.
/// </summary>
/// <param name="Name">The name, with <c>#!</c>.</param>
/// <param name="Help">A one-line description.</param>
/// <param name="Run">
/// Runs it on the loop thread. Its outcome is that of a block: <see cref="CellOutcome.Returned"/> without data where there is no result.
/// </param>
internal sealed record MagicDefinition(string Name, string Help, Func<MagicCall, IRunningCell, Task<CellOutcome>> Run)
{
    /// <summary>The other names, each with <c>#!</c>.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The options and arguments; every magic also has <c>--help</c>.</summary>
    public IReadOnlyList<MagicParameter> Parameters { get; init; } = [];

    /// <summary>Whether the lines below it, up to the next magic, are its text instead of C#.</summary>
    public bool TakesText { get; init; }

    /// <summary>Whether the text after its name is the unparsed value of its only parameter.</summary>
    public bool TakesLine { get; init; }

    /// <summary>Whether the lines below it are C# again.</summary>
    public bool BeginsCSharp { get; init; }

    /// <summary>
    /// Whether it stands for a language that this kernel does not run; its options are ignored, because it is refused when it runs.
    /// </summary>
    public bool IsForeign { get; init; }

    /// <summary>Whether it must be alone in its cell.</summary>
    public bool StandsAlone { get; init; }

    /// <summary>The name and the aliases.</summary>
    public IEnumerable<string> Names => Aliases.Prepend(Name);
}
