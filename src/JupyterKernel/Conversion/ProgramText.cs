namespace JupyterKernel.Conversion;

/// <summary>The fixed texts by which a program converted from a notebook is recognized.</summary>
internal static class ProgramText
{
    /// <summary>Begins a cell.</summary>
    public const string Mark = "// %%";

    /// <summary>Follows the mark of the types of a cell, which come after all statements.</summary>
    public const string TypesOf = "[types of cell ";

    /// <summary>Follows the mark, in brackets, of a cell that is neither code nor Markdown.</summary>
    public const string Raw = "raw";

    /// <summary>Follows the mark of the code that replaces features of notebooks.</summary>
    public const string Program = "[program]";

    /// <summary>Begins the statement that writes the cell's last expression.</summary>
    public const string Show = "NotebookOutput.Show(() => ";

    /// <summary>Begins the statement that writes the cell's last expression if it contains an await.</summary>
    public const string ShowAwaited = "await NotebookOutput.ShowAwaited(async () => ";

    /// <summary>Makes the calls of a notebook resolve to the replacement code.</summary>
    public const string ShimUsing = "using static NotebookOutput;";

    /// <summary>
    /// The directives added to every program: the first enables serializers to read values by reflection, the second
    /// suppresses many warnings.
    /// </summary>
    public static readonly IReadOnlyList<string> OwnDirectives = ["#:property PublishAot=false", "#:property Nullable=disable"];

    /// <summary>The using directives that are implicit in cells but not in programs.</summary>
    public static readonly IReadOnlyList<string> OwnUsings = ["using System.Text;"];

    /// <summary>
    /// The code that replaces features of notebooks by writing to the console. For an expression without a value, the overload of Show
    /// without a value is called.
    /// </summary>
    public const string Shim =
        """
        // %% [program]
        static class NotebookOutput
        {
            public static void Show(Action statement) => statement();
            public static void Show<T>(Func<T> value) => display(value());
            public static Task ShowAwaited(Func<Task> statement) => statement();
            public static async Task ShowAwaited<T>(Func<Task<T>> value) => display(await value());
            public static void display(object value) => Console.WriteLine(
                value is System.Collections.IEnumerable items and not string ? string.Join(", ", items.Cast<object>()) : value);
            public static void display(object value, string mimeType) => display(value);
            public static void Display(this object value) => display(value);
            public static string HTML(string text) => text;
            public static string Markdown(string text) => text;
            public static string Latex(string text) => text;
            public static string Javascript(string text) => text;
            public static string SVG(string text) => text;
            public static string GetInput(string prompt = "")
            {
                Console.Write(prompt);
                return Console.ReadLine() ?? "";
            }
        }

        """;
}
