using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using Newtonsoft.Json.Serialization;

namespace JupyterKernel.Protocol;

/// <summary>
/// Converts messages to signed frames and back. Owns no socket. Not thread-safe.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
/// </summary>
public sealed class WireFormat : IDisposable
{
    /// <summary>The signature scheme that Jupyter clients use by default.</summary>
    public const string DefaultScheme = "hmac-sha256";

    /// <summary>The supported schemes, as listed in error messages.</summary>
    public const string Schemes =
        "hmac-md5, hmac-sha1, hmac-sha256, hmac-sha384, hmac-sha512, hmac-sha3_256, hmac-sha3_384 or hmac-sha3_512";

    /// <summary>The maximum nesting depth of incoming JSON; deeper JSON is malformed.</summary>
    private const int MaxDepth = 512;

    private const string Kept = "NativeRoots.xml keeps the records of this namespace.";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly byte[] EmptyObject = "{}"u8.ToArray();

    private readonly IncrementalHash? hash;
    private readonly AcceptedSignatures accepted = new();
    private readonly string session = Guid.NewGuid().ToString();
    private readonly string messageIdPrefix = Guid.NewGuid().ToString("N");
    private long messageCount;

    /// <param name="key">The connection file's key; an empty key disables signing, as specified.</param>
    /// <param name="scheme">The connection file's signature scheme.</param>
    public WireFormat(string key, string scheme = DefaultScheme)
    {
        if (key.Length > 0)
        {
            hash = IncrementalHash.CreateHMAC(HashOf(scheme) ?? throw new ArgumentException(scheme, nameof(scheme)),
                Encoding.UTF8.GetBytes(key));
        }
    }

    /// <summary>
    /// Returns the hash algorithm of a signature scheme, which is named as in Python's hashlib; null if this system does not support it.
    /// </summary>
    public static HashAlgorithmName? HashOf(string scheme) => scheme switch
    {
        "hmac-md5" => HashAlgorithmName.MD5,
        "hmac-sha1" => HashAlgorithmName.SHA1,
        DefaultScheme or "" => HashAlgorithmName.SHA256,
        "hmac-sha384" => HashAlgorithmName.SHA384,
        "hmac-sha512" => HashAlgorithmName.SHA512,
        "hmac-sha3_256" when HMACSHA3_256.IsSupported => HashAlgorithmName.SHA3_256,
        "hmac-sha3_384" when HMACSHA3_384.IsSupported => HashAlgorithmName.SHA3_384,
        "hmac-sha3_512" when HMACSHA3_512.IsSupported => HashAlgorithmName.SHA3_512,
        _ => null,
    };

    /// <summary>Loads the system library for signing, because loading it is slow and would delay the first message. Any thread.</summary>
    public static void WarmSigning() => HMACSHA256.HashData("key"u8, []);

    /// <summary>The delimiter between the identities and the signature.</summary>
    public static ReadOnlySpan<byte> Delimiter => "<IDS|MSG>"u8;

    /// <summary>Reads one multipart message and rejects a replayed one; without a key, replays are not detected.</summary>
    /// <exception cref="MalformedMessageException">The frames are not a valid message signed with the key; drop them.</exception>
    public Message Read(IReadOnlyList<byte[]> frames)
    {
        var delimiter = 0;
        while (delimiter < frames.Count && !frames[delimiter].AsSpan().SequenceEqual(Delimiter)) delimiter++;
        var first = delimiter + 2;
        if (first + 4 > frames.Count) throw new MalformedMessageException("too few frames");
        if (hash is not null) CheckSignature(frames, delimiter + 1);

        Header header;
        try
        {
            header = Header.Of(ReadObject(frames[first], "header"));
        }
        catch (JsonException malformed)
        {
            throw new MalformedMessageException($"malformed header: {malformed.Message}");
        }

        return new Message(
            Identities: [.. frames.Take(delimiter)],
            Header: header,
            HeaderFrame: frames[first],
            ParentHeader: ReadObject(frames[first + 1], "parent header"),
            Metadata: ReadObject(frames[first + 2], "metadata"),
            Content: ReadObject(frames[first + 3], "content"),
            Buffers: [.. frames.Skip(first + 4)]);
    }

    /// <summary>Writes one multipart message.</summary>
    /// <param name="identities">For a ROUTER socket the identity of the recipient, for a PUB socket the topic.</param>
    /// <param name="messageType">The message type.</param>
    /// <param name="parentHeader">The header frame of the request that caused the message; null for none.</param>
    /// <param name="content">The content as UTF-8 JSON.</param>
    /// <param name="metadata">The metadata as UTF-8 JSON; null for none.</param>
    /// <param name="buffers">The binary frames that follow the content.</param>
    public List<byte[]> Write(
        IReadOnlyList<byte[]> identities, string messageType, byte[]? parentHeader, byte[] content,
        byte[]? metadata = null, IReadOnlyList<byte[]>? buffers = null)
    {
        var header = ToJson(new Header
        {
            MsgId = string.Concat(messageIdPrefix, "_", (++messageCount).ToString(CultureInfo.InvariantCulture)),
            MsgType = messageType,
            Session = session,
            Username = "csharp",
            Date = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture),
            Version = Header.ProtocolVersion,
        });
        parentHeader ??= EmptyObject;
        metadata ??= EmptyObject;

        List<byte[]> frames = [.. identities, Delimiter.ToArray(), [], header, parentHeader, metadata, content, .. buffers ?? []];
        if (hash is not null)
        {
            frames[identities.Count + 1] = Sign(header, parentHeader, metadata, content);
        }

        return frames;
    }

    /// <summary>Serializes a content record as UTF-8 JSON with member names in snake case.</summary>
    public static byte[] ToJson<T>(T content)
    {
        using var text = new StringWriter(new StringBuilder(256), CultureInfo.InvariantCulture);
        using (var json = new JsonTextWriter(text))
        {
            switch (content)
            {
                case IWritesItself writer:
                    writer.Write(json);
                    break;
                case JToken token:
                    token.WriteTo(json);
                    break;
                default:
                    Reflection.Serializer.Serialize(json, content, typeof(T));
                    break;
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads a content as the record of its message type.</summary>
    /// <exception cref="MalformedMessageException">A member is missing or of the wrong type; the message names it.</exception>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Kept)]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = Kept)]
    public static T FromJson<T>(JObject content)
    {
        try
        {
            return typeof(T) == typeof(ExecuteRequest) ? (T)(object)ExecuteRequest.Of(content)
                : content.ToObject<T>(Reflection.Serializer)!;
        }
        catch (Exception malformed) when (malformed is JsonException or FormatException or OverflowException or InvalidCastException
            or ArgumentException)
        {
            throw new MalformedMessageException($"the content is malformed: {malformed.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => hash?.Dispose();

    private static JObject ReadObject(byte[] frame, string name)
    {
        try
        {
            using var reader = new JsonTextReader(new StringReader(StrictUtf8.GetString(frame)))
            {
                DateParseHandling = DateParseHandling.None,
                FloatParseHandling = FloatParseHandling.Double,
                MaxDepth = MaxDepth,
            };
            var value = JToken.ReadFrom(reader);
            if (reader.Read()) throw new MalformedMessageException($"trailing data in the {name}");
            return value as JObject ?? throw new MalformedMessageException($"the {name} is not a JSON object");
        }
        catch (Exception malformed) when (malformed is JsonException or DecoderFallbackException or OverflowException or FormatException)
        {
            throw new MalformedMessageException($"malformed {name}: {malformed.Message}");
        }
    }

    /// <summary>
    /// Serializes by reflection all types that are neither <see cref="IWritesItself"/> nor an execute_request. Created on first use, so
    /// that it does not delay the start.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Kept)]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = Kept)]
    private static class Reflection
    {
        public static readonly JsonSerializer Serializer = JsonSerializer.Create(new JsonSerializerSettings
        {
            ContractResolver = new SnakeCaseContracts(),
            DateParseHandling = DateParseHandling.None,
            MaxDepth = MaxDepth,
        });
    }

    /// <summary>
    /// Resolves contracts in snake case by plain reflection, because generating accessors takes longer than all messages
    /// before the first result.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Kept)]
    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = Kept)]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = Kept)]
    private sealed class SnakeCaseContracts : DefaultContractResolver
    {
        public SnakeCaseContracts() => NamingStrategy = new SnakeCaseNamingStrategy { ProcessDictionaryKeys = false };

        protected override IValueProvider CreateMemberValueProvider(System.Reflection.MemberInfo member) =>
            new ReflectionValueProvider(member);

        protected override JsonObjectContract CreateObjectContract(Type objectType)
        {
            var contract = base.CreateObjectContract(objectType);
            if (contract.DefaultCreator is not null) contract.DefaultCreator = () => Activator.CreateInstance(objectType, nonPublic: true)!;
            return contract;
        }
    }

    private byte[] Sign(byte[] header, byte[] parentHeader, byte[] metadata, byte[] content)
    {
        hash!.AppendData(header);
        hash.AppendData(parentHeader);
        hash.AppendData(metadata);
        hash.AppendData(content);
        return Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private void CheckSignature(IReadOnlyList<byte[]> frames, int signature)
    {
        var expected = Sign(frames[signature + 1], frames[signature + 2], frames[signature + 3], frames[signature + 4]);
        if (!CryptographicOperations.FixedTimeEquals(expected, frames[signature]))
            throw new MalformedMessageException("invalid signature");
        if (!accepted.Add(expected))
        {
            throw new MalformedMessageException("duplicate signature: a copy of an earlier message");
        }
    }
}

/// <summary>Reports that received frames are not a valid message; the text states the reason and never contains the key.</summary>
public sealed class MalformedMessageException(string message) : Exception(message);
