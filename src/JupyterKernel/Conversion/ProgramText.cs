namespace JupyterKernel.Conversion;

/// <summary>What a program that was made of a notebook has in certain places, so that it can be told from the notebook's own.</summary>
internal static class ProgramText
{
    /// <summary>Begins a cell.</summary>
    public const string Mark = "// %%";

    /// <summary>Behind the mark: the types of a cell, which stand behind all statements.</summary>
    public const string TypesOf = "[types of cell ";

    /// <summary>Behind the mark, in brackets: a cell that is neither code nor Markdown.</summary>
    public const string Raw = "raw";

    /// <summary>Behind the mark: what notebooks have and programs do not.</summary>
    public const string Program = "[program]";

    /// <summary>Begins what writes a cell's last expression.</summary>
    public const string Show = "NotebookOutput.Show(() => ";

    /// <summary>The same for one that awaits.</summary>
    public const string ShowAwaited = "await NotebookOutput.ShowAwaited(async () => ";

    /// <summary>Has the calls of a notebook found.</summary>
    public const string ShimUsing = "using static NotebookOutput;";

    /// <summary>Without the first, values could not be read by reflection, as serializers do; with the second, warnings would be many.</summary>
    public static readonly IReadOnlyList<string> OwnDirectives = ["#:property PublishAot=false", "#:property Nullable=disable"];

    /// <summary>What cells have without a using, and programs have not.</summary>
    public static readonly IReadOnlyList<string> OwnUsings = ["using System.Text;"];

    /// <summary>What notebooks have and programs do not: it writes to the console. A call that has no value takes the overload without one.</summary>
    public const string Shim =
        """
        // %% [program]
        static class NotebookOutput
        {
            public static void Show(Action statement) => statement();
            public static void Show<T>(Func<T> value) => display(value());
            public static Task ShowAwaited(Func<Task> statement) => statement();
            public static async Task ShowAwaited<T>(Func<Task<T>> value) => display(await value());
            public static void display(object value) => Console.WriteLine(value is System.Collections.IEnumerable items and not string ? string.Join(", ", items.Cast<object>()) : value);
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
