using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>An option of a magic, or an argument that is named by its place. Immutable; any thread.</summary>
/// <param name="Name">As it is written, such as <c>--name</c>; without dashes for an argument.</param>
/// <param name="Help">What it is, in a line.</param>
internal sealed record MagicParameter(string Name, string Help)
{
    /// <summary>What stands for its value in help.</summary>
    public string ValueName { get; init; } = "value";

    /// <summary>The values that it can have; empty for any.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Whether it must be given.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether all that is left of the line is its value.</summary>
    public bool TakesRest { get; init; }

    /// <summary>Whether it is there or not, without a value.</summary>
    public bool IsFlag { get; init; }

    /// <summary>Whether <c>@csharp:x</c> and <c>@input</c> are for the magic to deal with; else the user was asked before, and the rest is text.</summary>
    public bool TakesReference { get; init; }

    /// <summary>Whether a value without a name may be that of this option.</summary>
    public bool IsPositional { get; init; }

    /// <summary>Values to complete, beside which there may be others.</summary>
    public IReadOnlyList<string> Proposals { get; init; } = [];

    /// <summary>Whether it is named by its place.</summary>
    public bool IsArgument => Name[0] != '-';
}

/// <summary>
/// What a line that begins with <c>#!</c> can ask for. All there is to know of it stands here, for whoever runs, lists, explains or
/// completes it. Immutable; any thread.
/// </summary>
/// <param name="Name">With its <c>#!</c>.</param>
/// <param name="Help">What it does, in a line.</param>
/// <param name="Run">Does it, on the loop thread. Its outcome is a block's: <see cref="CellOutcome.Returned"/> without data where there is no result.</param>
internal sealed record Magic(string Name, string Help, Func<MagicCall, IRunningCell, Task<CellOutcome>> Run)
{
    /// <summary>Other names, each with its <c>#!</c>.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Options and arguments; <c>--help</c> has every magic.</summary>
    public IReadOnlyList<MagicParameter> Parameters { get; init; } = [];

    /// <summary>Whether the lines below it, up to the next magic, are its text and not C#.</summary>
    public bool TakesText { get; init; }

    /// <summary>Whether it takes what follows its name as it is, as the value of its one parameter.</summary>
    public bool TakesLine { get; init; }

    /// <summary>Whether the lines below it are C# again.</summary>
    public bool BeginsCSharp { get; init; }

    /// <summary>Whether it stands for a language that this kernel does not run; it is said so when it is its turn, so its options are of no interest.</summary>
    public bool IsForeign { get; init; }

    /// <summary>Whether nothing else may stand in its cell.</summary>
    public bool StandsAlone { get; init; }

    /// <summary>Its name and its aliases.</summary>
    public IEnumerable<string> Names => Aliases.Prepend(Name);
}
