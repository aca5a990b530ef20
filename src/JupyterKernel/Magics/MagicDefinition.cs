using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>An option or a positional argument of a magic. Immutable; any thread.</summary>
/// <param name="Name">The name as written, such as <c>--name</c>; without dashes for a positional argument.</param>
/// <param name="Help">A one-line description.</param>
internal sealed record MagicParameter(string Name, string Help)
{
    /// <summary>The placeholder for the value in help.</summary>
    public string ValueName { get; init; } = "value";

    /// <summary>The accepted values; empty if any value is accepted.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Whether the parameter is required.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether the value is the rest of the line.</summary>
    public bool TakesRest { get; init; }

    /// <summary>Whether the parameter is a flag without a value.</summary>
    public bool IsFlag { get; init; }

    /// <summary>
    /// Whether the magic itself handles <c>@csharp:x</c> and <c>@input</c>. Otherwise the user is asked for <c>@input</c> before the magic
    /// runs, and all other values are taken literally.
    /// </summary>
    public bool TakesReference { get; init; }

    /// <summary>Whether this option also accepts a positional value.</summary>
    public bool IsPositional { get; init; }

    /// <summary>Values that completion proposes; other values are accepted too.</summary>
    public IReadOnlyList<string> Proposals { get; init; } = [];

    /// <summary>Whether this is a positional argument.</summary>
    public bool IsArgument => Name[0] != '-';
}

/// <summary>
/// A command on a line that begins with <c>#!</c>: all the data needed to run, list, explain and complete it. Immutable; any thread.
/// </summary>
/// <param name="Name">The name, including <c>#!</c>.</param>
/// <param name="Help">A one-line description.</param>
/// <param name="Run">
/// Runs the magic on the loop thread. The outcome is that of a block: <see cref="CellOutcome.Returned"/> without
/// data if there is no result.
/// </param>
internal sealed record MagicDefinition(string Name, string Help, Func<MagicCall, IRunningCell, Task<CellOutcome>> Run)
{
    /// <summary>Other names, each including <c>#!</c>.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The options and arguments; every magic also has <c>--help</c>.</summary>
    public IReadOnlyList<MagicParameter> Parameters { get; init; } = [];

    /// <summary>Whether the lines below the magic, up to the next magic, are its text instead of C#.</summary>
    public bool TakesText { get; init; }

    /// <summary>Whether the magic has one parameter, whose value is the rest of the line as it is written.</summary>
    public bool TakesLine { get; init; }

    /// <summary>Whether the lines below the magic are C# again.</summary>
    public bool BeginsCSharp { get; init; }

    /// <summary>
    /// Whether the magic stands for a language that this kernel does not run. Options are ignored, because the magic
    /// is refused when it runs.
    /// </summary>
    public bool IsForeign { get; init; }

    /// <summary>Whether the magic must be alone in its cell.</summary>
    public bool StandsAlone { get; init; }

    /// <summary>The name and the aliases.</summary>
    public IEnumerable<string> Names => Aliases.Prepend(Name);
}
