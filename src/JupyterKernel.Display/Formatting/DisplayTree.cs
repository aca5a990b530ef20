using System.Globalization;

namespace JupyterKernel.Display.Formatting;

/// <summary>The kind of value that a text represents.</summary>
internal enum TextKind
{
    /// <summary>A number.</summary>
    Number,

    /// <summary>A string.</summary>
    String,

    /// <summary>null or DBNull.</summary>
    Null,

    /// <summary>A note in place of a value, for example that there are more values or that the value could not be read.</summary>
    Note,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>
/// The displayed contents of a value. The value is read once, and all forms are written from the tree, so that the value's own code is not
/// called again. Immutable.
/// </summary>
internal abstract record DisplayTree
{
    private DisplayTree()
    {
    }

    /// <summary>Returns the note in place of the items of a sequence that are not shown.</summary>
    /// <param name="count">The number of items that are not shown; null if unknown.</param>
    internal static Text More(int? count) =>
        new(count is > 0 ? string.Create(CultureInfo.InvariantCulture, $"… ({count:N0} more)") : "… (more)", TextKind.Note);

    /// <summary>A text.</summary>
    /// <param name="Line">The text inside other values: strings are quoted.</param>
    /// <param name="Kind">The kind of value.</param>
    /// <param name="Alone">The text of the value when it is not inside another value.</param>
    internal sealed record Text(string Line, TextKind Kind, string Alone) : DisplayTree
    {
        internal Text(string text, TextKind kind = TextKind.Other) : this(text, kind, text)
        {
        }
    }

    /// <summary>A sequence of items.</summary>
    /// <param name="TypeName">The C# name of the type.</param>
    /// <param name="Items">The shown items.</param>
    /// <param name="Rest">The note in place of the items that are not shown; null if all are shown.</param>
    /// <param name="Count">The number of items; null if unknown.</param>
    /// <param name="IsDictionary">Whether the items are entries of a dictionary.</param>
    internal sealed record Sequence(string TypeName, IReadOnlyList<DisplayTree> Items, Text? Rest, int? Count,
        bool IsDictionary) : DisplayTree;

    /// <summary>A key and its value.</summary>
    internal sealed record Entry(DisplayTree Key, DisplayTree Value) : DisplayTree;

    /// <summary>A tuple.</summary>
    /// <param name="Items">The items; null beyond the maximum depth.</param>
    /// <param name="Names">The names of the items; null for an item without a name.</param>
    internal sealed record Tuple(IReadOnlyList<DisplayTree>? Items, IReadOnlyList<string?>? Names = null) : DisplayTree
    {
        /// <summary>The items as members.</summary>
        internal IReadOnlyList<Member> Members =>
            [.. (Items ?? []).Select((item, i) => new Member(Names?[i] ?? $"Item{i + 1}", null, item))];
    }

    /// <summary>An object.</summary>
    /// <param name="TypeName">The C# name of the type; empty for an anonymous type.</param>
    /// <param name="Members">The members in the order of declaration; null beyond the maximum depth.</param>
    internal sealed record Object(string TypeName, IReadOnlyList<Member>? Members) : DisplayTree;

    /// <summary>A table.</summary>
    /// <param name="Caption">The header of the column with the row names.</param>
    /// <param name="Columns">The other columns.</param>
    /// <param name="Rows">The rows, each with one cell per column.</param>
    /// <param name="Rest">The note in place of rows and columns that are not shown; null if all are shown.</param>
    internal sealed record Table(string Caption, IReadOnlyList<Column> Columns, IReadOnlyList<Row> Rows, string? Rest) : DisplayTree;

    /// <summary>A value with its own forms.</summary>
    internal sealed record Bundle(MimeBundle Forms) : DisplayTree;

    /// <summary>A named part of an object.</summary>
    /// <param name="Name">The name in C#.</param>
    /// <param name="TypeName">The declared type; null if it is not shown.</param>
    /// <param name="Value">The value of the member.</param>
    internal readonly record struct Member(string Name, string? TypeName, DisplayTree Value);

    /// <summary>A column of a table.</summary>
    internal readonly record struct Column(string Name, string? TypeName);

    /// <summary>A row of a table; an empty cell is null.</summary>
    internal readonly record struct Row(DisplayTree Name, IReadOnlyList<DisplayTree?> Cells);
}
