using System.Globalization;

namespace JupyterKernel.Protocol;

/// <summary>
/// The signatures of the most recently accepted messages, by which a replayed message is recognized: each message has its own id,
/// which the signature covers.
/// Source: digest_history in https://github.com/jupyter/jupyter_client/blob/main/jupyter_client/session.py
/// </summary>
internal sealed class AcceptedSignatures
{
    /// <summary>The maximum number of signatures kept, as in jupyter_client; they take up to 5 MB.</summary>
    public const int Limit = 1 << 16;

    /// <summary>The number of hexadecimal digits to compare: 128 bits, the length of the shortest signature.</summary>
    private const int Digits = 32;

    private readonly HashSet<UInt128> known = [];
    private readonly Queue<UInt128> oldestFirst = new();

    /// <summary>
    /// Adds the signature of an accepted message, in hexadecimal digits; returns false if the signature is already known.
    /// </summary>
    public bool Add(ReadOnlySpan<byte> signature)
    {
        var digest = UInt128.Parse(signature[..Digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (!known.Add(digest)) return false;
        oldestFirst.Enqueue(digest);
        if (oldestFirst.Count > Limit) known.Remove(oldestFirst.Dequeue());
        return true;
    }
}
