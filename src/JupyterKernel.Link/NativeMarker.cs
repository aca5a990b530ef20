using System.Globalization;
using System.Text;

namespace JupyterKernel.Link;

/// <summary>
/// What a worker writes to its file descriptors 1 and 2 behind a cell's native output, so that the kernel knows when it
/// has seen all of it: a record separator, a token that no output can guess, the cell's number, a record separator.
/// </summary>
internal static class NativeMarker
{
    /// <summary>The length of a worker's token.</summary>
    public const int TokenBytes = 16;

    /// <summary>What a marker begins and ends with: ASCII's record separator.</summary>
    public const byte Edge = 0x1E;

    /// <summary>The longest number a marker can carry, with the edge behind it.</summary>
    public const int MaxTailBytes = 21;

    /// <summary>A marker up to the cell's number.</summary>
    public static byte[] Start(byte[] token) => [Edge, .. Encoding.ASCII.GetBytes(Convert.ToHexString(token)), (byte)':'];

    /// <summary>A whole marker.</summary>
    public static byte[] Of(byte[] token, long cell) =>
        [.. Start(token), .. Encoding.ASCII.GetBytes(cell.ToString(CultureInfo.InvariantCulture)), Edge];
}
