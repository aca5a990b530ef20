using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace JupyterKernel.Link;

/// <summary>
/// Converts messages to signed frames and back. The frames are the tag, the lengths of the payload parts, the JSON and the payload in
/// chunks. The tag is an HMAC-SHA256 over the direction, the message's sequence number and all other frames. Only the kernel and the
/// worker that it started know the key; so frames of other processes, and repeated messages, are rejected. For a large frame, the tag
/// covers its length and its AES-GMAC instead of its content, which takes a third of the time. The AES-GMAC key is derived from the
/// worker's key and from random bytes (the salt) that follow the tag. So each message has its own key, and no key is used twice with the
/// same nonce (the index of the frame in the message), even if the sequence restarts. One instance for each end of a connection, used by
/// the thread that owns the socket.
/// </summary>
/// <param name="key">The worker's key, 32 bytes.</param>
/// <param name="isKernel">Whether this is the kernel's end.</param>
internal sealed class PairFraming(byte[] key, bool isKernel) : IDisposable
{
    /// <summary>The maximum length of a frame, so that a socket can reject longer ones before the peer is authenticated.</summary>
    public const int MaxFrameBytes = 128 * 1024 * 1024;

    /// <summary>The length of a worker's key, in bytes.</summary>
    public const int KeyBytes = 32;

    /// <summary>The minimum length of a large frame, in bytes.</summary>
    public const int LargeFrameBytes = 256 * 1024;

    private const int SaltBytes = 16;

    private readonly IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
    private readonly byte[] sequence = new byte[9];
    private long sent;
    private long received;

    /// <summary>Loads the code that the messages of the first cell will need, ahead of time. Any thread.</summary>
    public static void Warm()
    {
        using var kernel = new PairFraming(new byte[KeyBytes], isKernel: true);
        using var worker = new PairFraming(new byte[KeyBytes], isKernel: false);
        worker.Open(kernel.Seal(new RunCell(0, "", "", null, AllowStdin: false, IsReplay: false, IsKept: true, [])));
        kernel.Open(worker.Seal(new CellReturned(0, 0)));
    }

    /// <summary>Creates the frames of a message.</summary>
    public List<byte[]> Seal(WorkerMessage message)
    {
        var lengths = new byte[8 * message.Payload.Count];
        for (var i = 0; i < message.Payload.Count; i++)
            BinaryPrimitives.WriteInt64LittleEndian(lengths.AsSpan(8 * i), message.Payload[i].LongLength);

        List<byte[]> frames = [[], lengths, JsonSerializer.SerializeToUtf8Bytes(message, WorkerMessageJson.Default.WorkerMessage)];
        foreach (var part in message.Payload)
        {
            if (part.Length <= MaxFrameBytes) frames.Add(part);
            else for (var at = 0; at < part.Length; at += MaxFrameBytes) frames.Add(part[at..Math.Min(part.Length, at + MaxFrameBytes)]);
        }

        var salt = HasLargeFrame(frames) ? RandomNumberGenerator.GetBytes(SaltBytes) : [];
        frames[0] = Tag(frames, fromKernel: isKernel, sent++, salt);
        return frames;
    }

    /// <summary>Parses frames; returns null if they are not the next message from the other end.</summary>
    public WorkerMessage? Open(IReadOnlyList<byte[]> frames)
    {
        if (frames.Count < 3 || frames[0].Length != HMACSHA256.HashSizeInBytes + (HasLargeFrame(frames) ? SaltBytes : 0)) return null;
        var expected = Tag(frames, fromKernel: !isKernel, received, frames[0].AsSpan(HMACSHA256.HashSizeInBytes));
        if (!CryptographicOperations.FixedTimeEquals(frames[0], expected)) return null;
        received++;
        var message = JsonSerializer.Deserialize(frames[2], WorkerMessageJson.Default.WorkerMessage)!;
        var payload = new byte[frames[1].Length / 8][];
        for (int i = 0, next = 3; i < payload.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt64LittleEndian(frames[1].AsSpan(8 * i));
            payload[i] = frames[next++];
            if (payload[i].Length == length) continue;

            var whole = new byte[length];
            payload[i].CopyTo(whole, 0);
            for (var at = payload[i].Length; at < length; at += frames[next++].Length) frames[next].CopyTo(whole, at);
            payload[i] = whole;
        }

        return message with { Payload = payload };
    }

    /// <inheritdoc/>
    public void Dispose() => hash.Dispose();

    /// <summary>Creates the first frame: the tag, followed by the salt.</summary>
    /// <param name="salt">The salt; empty if no frame is large.</param>
    private byte[] Tag(IReadOnlyList<byte[]> frames, bool fromKernel, long number, ReadOnlySpan<byte> salt)
    {
        BinaryPrimitives.WriteInt64LittleEndian(sequence.AsSpan(1), number);
        using var large = salt.IsEmpty ? null : new AesGcm(LargeFrameKey(fromKernel, salt), AesGcm.TagByteSizes.MaxSize);

        sequence[0] = fromKernel ? (byte)1 : (byte)0;
        hash.AppendData(sequence);
        hash.AppendData(salt);
        Span<byte> length = stackalloc byte[4];
        Span<byte> nonce = stackalloc byte[12];
        Span<byte> gmac = stackalloc byte[16];
        for (var i = 1; i < frames.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, frames[i].Length);
            hash.AppendData(length);
            if (large is not null && IsLarge(frames[i]))
            {
                BinaryPrimitives.WriteInt32LittleEndian(nonce, i);
                large.Encrypt(nonce, [], [], gmac, associatedData: frames[i]);
                hash.AppendData(gmac);
            }
            else
            {
                hash.AppendData(frames[i]);
            }
        }

        return [.. hash.GetHashAndReset(), .. salt];
    }

    /// <summary>
    /// Derives the key for large frames. The first byte of the input differs from that of a tag, so a tag is never a key.
    /// </summary>
    private byte[] LargeFrameKey(bool fromKernel, ReadOnlySpan<byte> salt)
    {
        sequence[0] = fromKernel ? (byte)3 : (byte)2;
        hash.AppendData(sequence);
        hash.AppendData(salt);
        return hash.GetHashAndReset();
    }

    private static bool HasLargeFrame(IReadOnlyList<byte[]> frames)
    {
        if (!AesGcm.IsSupported) return false;
        for (var i = 1; i < frames.Count; i++)
        {
            if (IsLarge(frames[i])) return true;
        }

        return false;
    }

    private static bool IsLarge(byte[] frame) => frame.Length >= LargeFrameBytes;
}
