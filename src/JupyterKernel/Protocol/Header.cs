using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

/// <summary>The header of a message. Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#message-header</summary>
public sealed record Header : IWritesItself
{
    public required string MsgId { get; init; }
    public required string MsgType { get; init; }
    public string? Session { get; init; }
    public string? Username { get; init; }
    /// <summary>The time of creation, in ISO 8601 format.</summary>
    public string? Date { get; init; }
    public string? Version { get; init; }

    /// <summary>The version of the messaging protocol that this kernel speaks.</summary>
    public const string ProtocolVersion = "5.5";

    /// <summary>Reads the header from a JSON object.</summary>
    /// <exception cref="JsonException">A member is missing or of the wrong type; the message names it.</exception>
    public static Header Of(JObject json) => new()
    {
        MsgId = json.Required("msg_id", token => (string?)token),
        MsgType = json.Required("msg_type", token => (string?)token),
        Session = json.Optional("session", token => (string?)token, null),
        Username = json.Optional("username", token => (string?)token, null),
        Date = json.Optional("date", token => (string?)token, null),
        Version = json.Optional("version", token => (string?)token, null),
    };

    void IWritesItself.Write(JsonTextWriter json)
    {
        json.WriteStartObject();
        json.WriteMember("msg_id", MsgId);
        json.WriteMember("msg_type", MsgType);
        json.WriteMember("session", Session);
        json.WriteMember("username", Username);
        json.WriteMember("date", Date);
        json.WriteMember("version", Version);
        json.WriteEndObject();
    }
}
