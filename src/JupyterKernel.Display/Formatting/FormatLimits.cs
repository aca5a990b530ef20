namespace JupyterKernel.Display.Formatting;

/// <summary>The limits for displayed values, documented in <see cref="Formatter"/>. Any thread.</summary>
internal static class FormatLimits
{
    internal static int ListItems { get; set; } = 20;

    internal static int Levels { get; set; } = 6;

    internal static int TextChars { get; set; } = 1_000_000;

    internal static int StructureChars { get; set; } = 50_000;

    internal static void Reset() => (ListItems, Levels, TextChars, StructureChars) = (20, 6, 1_000_000, 50_000);
}
