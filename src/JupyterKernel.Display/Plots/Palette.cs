using System.Globalization;

namespace JupyterKernel.Display.Plots;

/// <summary>Colours that colour-blind users can distinguish, with a contrast of 3:1 to white and to #111.</summary>
internal static class Palette
{
    /// <summary>The palette of Okabe and Ito, with light colours darkened and dark colours lightened.</summary>
    internal static readonly string[] Series = ["#2F7FC1", "#D97706", "#12967A", "#C25BA0", "#7E6BD6", "#C8452F", "#2E9BC6", "#8C7A2B"];

    /// <summary>Viridis, whose lightness increases evenly.</summary>
    internal static readonly string[] Rising = ["#440154", "#472D7B", "#3B528B", "#2C728E", "#21918C", "#28AE80", "#5EC962", "#ADDC30",
        "#FDE725"];

    /// <summary>A diverging palette for values on both sides of 0.</summary>
    internal static readonly string[] TwoSided = ["#2166AC", "#4393C3", "#92C5DE", "#D1E5F0", "#F7F7F7", "#FDDBC7", "#F4A582", "#D6604D",
        "#B2182B"];

    /// <summary>Returns the interpolated colour at a position from 0 to 1.</summary>
    /// <exception cref="ArgumentException">A colour is not #rrggbb.</exception>
    internal static (int Red, int Green, int Blue) Between(IReadOnlyList<string> colors, double place)
    {
        var parsed = colors.Select(Parsed).ToArray();
        var at = Math.Clamp(place, 0, 1) * (parsed.Length - 1);
        var (low, high) = (parsed[(int)at], parsed[Math.Min((int)at + 1, parsed.Length - 1)]);
        return (Mixed(low.Red, high.Red), Mixed(low.Green, high.Green), Mixed(low.Blue, high.Blue));

        int Mixed(int from, int to) => (int)Math.Round(from + ((to - from) * (at - Math.Floor(at))));
    }

    internal static string Hex((int Red, int Green, int Blue) color) => $"#{color.Red:X2}{color.Green:X2}{color.Blue:X2}";

    /// <summary>Returns the relative luminance as defined in WCAG 2, from 0 to 1.</summary>
    internal static double Luminance((int Red, int Green, int Blue) color)
    {
        return (0.2126 * Linear(color.Red)) + (0.7152 * Linear(color.Green)) + (0.0722 * Linear(color.Blue));

        static double Linear(int part) => part <= 10 ? part / 255.0 / 12.92 : Math.Pow(((part / 255.0) + 0.055) / 1.055, 2.4);
    }

    internal static (int Red, int Green, int Blue) Parsed(string color) =>
        color is ['#', _, _, _, _, _, _] && int.TryParse(color.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var rgb)
            ? (rgb >> 16, (rgb >> 8) & 255, rgb & 255)
            : throw new ArgumentException($"'{LabelText.Cut(color)}' is not a valid colour for a heatmap. Use the form #rrggbb.");
}
