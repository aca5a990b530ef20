using System.Globalization;
using System.Text;

namespace JupyterKernel.Link;

/// <summary>
/// The marker that a worker writes to file descriptors 1 and 2 after a cell's native output, so that the kernel knows when it has read all
/// of it. It consists of a record separator, a random token, the cell's number and a record separator.
/// </summary>
internal static class NativeMarker
{
    /// <summary>The length of a worker's token.</summary>
    public const int TokenBytes = 16;

    /// <summary>The first and last byte of a marker: the record separator of ASCII.</summary>
    public const byte Edge = 0x1E;

    /// <summary>The maximum length of a cell number followed by the last byte.</summary>
    public const int MaxTailBytes = 21;

    /// <summary>The part of a marker before the cell's number.</summary>
    public static byte[] Start(byte[] token) => [Edge, .. Encoding.ASCII.GetBytes(Convert.ToHexString(token)), (byte)':'];

    /// <summary>Returns a complete marker.</summary>
    public static byte[] Of(byte[] token, long cell) =>
        [.. Start(token), .. Encoding.ASCII.GetBytes(cell.ToString(CultureInfo.InvariantCulture)), Edge];
}
