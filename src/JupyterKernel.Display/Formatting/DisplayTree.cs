using System.Globalization;

namespace JupyterKernel.Display.Formatting;

/// <summary>What a text is of.</summary>
internal enum TextKind
{
    /// <summary>A number.</summary>
    Number,

    /// <summary>A string.</summary>
    String,

    /// <summary>null, or a database's.</summary>
    Null,

    /// <summary>What says in a value's place that there is more, or that it could not be had.</summary>
    Note,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>
/// What is shown of a value, read from it once: the value's own code is not called again, whatever form it is written in. Immutable.
/// </summary>
internal abstract record DisplayTree
{
    private DisplayTree()
    {
    }

    /// <summary>The note in place of the items of a sequence that are not shown.</summary>
    /// <param name="count">How many there are; null if that is unknown.</param>
    internal static Text More(int? count) =>
        new(count is > 0 ? string.Create(CultureInfo.InvariantCulture, $"… ({count:N0} more)") : "… (more)", TextKind.Note);

    /// <summary>A text, on a line of its own where the value stands alone.</summary>
    /// <param name="Line">As it is among others: strings are quoted.</param>
    /// <param name="Kind">What it is a text of.</param>
    /// <param name="Alone">As it is by itself.</param>
    internal sealed record Text(string Line, TextKind Kind, string Alone) : DisplayTree
    {
        internal Text(string text, TextKind kind = TextKind.Other) : this(text, kind, text)
        {
        }
    }

    /// <summary>Items in their order.</summary>
    /// <param name="TypeName">As C# writes it.</param>
    /// <param name="Items">What is shown of them.</param>
    /// <param name="Rest">What is said of those that are not shown; null if all are.</param>
    /// <param name="Count">How many there are; null where that is not known.</param>
    /// <param name="IsDictionary">Whether the items are entries of a dictionary.</param>
    internal sealed record Sequence(string TypeName, IReadOnlyList<DisplayTree> Items, Text? Rest, int? Count, bool IsDictionary) : DisplayTree;

    /// <summary>A key and what it stands for.</summary>
    internal sealed record Entry(DisplayTree Key, DisplayTree Value) : DisplayTree;

    /// <summary>A tuple.</summary>
    /// <param name="Items">Its items; null if they are too deep within a value.</param>
    /// <param name="Names">Their names, as far as they have any.</param>
    internal sealed record Tuple(IReadOnlyList<DisplayTree>? Items, IReadOnlyList<string?>? Names = null) : DisplayTree
    {
        /// <summary>The items under their names.</summary>
        internal IReadOnlyList<Member> Members => [.. (Items ?? []).Select((item, i) => new Member(Names?[i] ?? $"Item{i + 1}", null, item))];
    }

    /// <summary>An object's members; null if they are too deep within a value.</summary>
    /// <param name="TypeName">Empty for an anonymous type.</param>
    /// <param name="Members">In the order of their declaration.</param>
    internal sealed record Object(string TypeName, IReadOnlyList<Member>? Members) : DisplayTree;

    /// <summary>Rows of cells, in the order of the columns.</summary>
    /// <param name="Caption">Of the column of the rows' names.</param>
    /// <param name="Columns">Beside that one.</param>
    /// <param name="Rows">In their order.</param>
    /// <param name="Rest">What is said of rows and columns that are not shown; null if all are.</param>
    internal sealed record Table(string Caption, IReadOnlyList<Column> Columns, IReadOnlyList<Row> Rows, string? Rest) : DisplayTree;

    /// <summary>A value that has forms of its own.</summary>
    internal sealed record Bundle(MimeBundle Forms) : DisplayTree;

    /// <summary>A named part of an object.</summary>
    /// <param name="Name">As in C#.</param>
    /// <param name="TypeName">What it is declared as; null where that is of no interest.</param>
    /// <param name="Value">What is shown of it.</param>
    internal readonly record struct Member(string Name, string? TypeName, DisplayTree Value);

    /// <summary>A column of a table.</summary>
    internal readonly record struct Column(string Name, string? TypeName);

    /// <summary>A row of a table; a cell is null where there is nothing.</summary>
    internal readonly record struct Row(DisplayTree Name, IReadOnlyList<DisplayTree?> Cells);
}
