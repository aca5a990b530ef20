using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

/// <summary>
/// A content that writes itself as JSON, member by member. Implemented for messages before the first result, because reflection in
/// Newtonsoft.Json would take most of the time before kernel_info_reply.
/// </summary>
internal interface IWritesItself
{
    /// <summary>Writes a JSON object.</summary>
    void Write(JsonTextWriter json);
}

/// <summary>Reads members of JSON objects without reflection; error messages name the member, as in Newtonsoft.Json.</summary>
internal static class WrittenByHand
{
    public static void WriteMember(this JsonTextWriter json, string name, string? value)
    {
        json.WritePropertyName(name);
        json.WriteValue(value);
    }

    /// <exception cref="JsonSerializationException">The member is missing, null or of the wrong type.</exception>
    public static T Required<T>(this JObject json, string name, Func<JToken, T?> read)
        where T : class =>
        Optional(json, name, read, null) ?? throw new JsonSerializationException($"Required property '{name}' is missing or null.");

    /// <exception cref="JsonSerializationException">The member has the wrong type; it may be null.</exception>
    public static T Optional<T>(this JObject json, string name, Func<JToken, T> read, T otherwise) =>
        json[name] is { } token ? Fit(name, token, read) : otherwise;

    /// <exception cref="JsonSerializationException">The value has the wrong type.</exception>
    public static T Fit<T>(string name, JToken token, Func<JToken, T> read)
    {
        try
        {
            return read(token);
        }
        catch (Exception unfit) when (unfit is ArgumentException or FormatException or OverflowException or InvalidCastException)
        {
            throw new JsonSerializationException($"Invalid value of '{name}': {unfit.Message}", unfit);
        }
    }
}
