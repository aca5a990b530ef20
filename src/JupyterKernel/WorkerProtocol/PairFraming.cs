using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace JupyterKernel.WorkerProtocol;

/// <summary>
/// A message to signed frames and back. Frames: tag, payload lengths, JSON, then the payload in chunks. The tag is an
/// HMAC-SHA256 over the direction, the message's place in the sequence and all other frames, made with a key that only
/// the kernel and the worker it started know; so nobody else's frames are accepted, nor a message twice.
/// One instance per end of a connection; used by the thread that owns the socket.
/// </summary>
/// <param name="key">The worker's key, 32 bytes.</param>
/// <param name="isKernel">Which end this is.</param>
internal sealed class PairFraming(byte[] key, bool isKernel) : IDisposable
{
    /// <summary>No frame is longer, so that a socket may refuse what is, before anybody proved to be the worker.</summary>
    public const int MaxFrameBytes = 128 * 1024 * 1024;

    /// <summary>The length of a worker's key.</summary>
    public const int KeyBytes = 32;

    private readonly IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
    private readonly byte[] sequence = new byte[9];
    private long sent;
    private long received;

    /// <summary>The frames of a message.</summary>
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

        frames[0] = Tag(frames, fromKernel: isKernel, sent++);
        return frames;
    }

    /// <summary>The message of some frames; null if they are not the next message of the other end.</summary>
    public WorkerMessage? Open(IReadOnlyList<byte[]> frames)
    {
        if (frames.Count < 3 || !CryptographicOperations.FixedTimeEquals(frames[0], Tag(frames, fromKernel: !isKernel, received))) return null;
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

    private byte[] Tag(IReadOnlyList<byte[]> frames, bool fromKernel, long number)
    {
        sequence[0] = fromKernel ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(sequence.AsSpan(1), number);
        hash.AppendData(sequence);
        Span<byte> length = stackalloc byte[4];
        for (var i = 1; i < frames.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, frames[i].Length);
            hash.AppendData(length);
            hash.AppendData(frames[i]);
        }

        return hash.GetHashAndReset();
    }
}
