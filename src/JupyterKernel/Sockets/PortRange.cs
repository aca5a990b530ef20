using System.Globalization;

namespace JupyterKernel.Sockets;

/// <summary>The ports that a kernel may choose from.</summary>
/// <param name="First">The first port.</param>
/// <param name="Last">The last port, which belongs to the range.</param>
internal sealed record PortRange(int First, int Last)
{
    /// <summary>Reads <c>FIRST..LAST</c>; null for any port, which is written as two equal numbers (<c>0..0</c>).</summary>
    /// <exception cref="InvalidDataException">The text is not a range of ports.</exception>
    public static PortRange? Parse(string text)
    {
        var ends = text.Split("..");
        return ends.Length == 2 && IsPort(ends[0], out var first) && IsPort(ends[1], out var last) && first <= last
            ? first == last ? null : new(first, last)
            : throw new InvalidDataException(
                $"'{text}' is not a range of ports. Use FIRST..LAST, for example 40000..41000, or 0..0 for any.");
    }

    /// <summary>
    /// Binds a free port. The ports are tried in random order, because kernels that start at the same time would try the same ones.
    /// </summary>
    /// <param name="tryBind">Binds a port; returns false if it is in use.</param>
    /// <exception cref="IOException">All ports are in use.</exception>
    public void Bind(Func<int, bool> tryBind)
    {
        var ports = Enumerable.Range(First, Last - First + 1).ToArray();
        Random.Shared.Shuffle(ports);
        if (!ports.Any(tryBind)) throw new IOException($"All ports from {this} are in use. Widen the range of ports of the gateway.");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}..{Last}");

    private static bool IsPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= ushort.MaxValue;
}
