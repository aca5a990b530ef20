using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

/// <summary>
/// Writes itself as JSON, member by member. Messages sent before the first result use it, because the reflection in Newtonsoft.Json takes
/// most of the time before kernel_info_reply.
/// </summary>
internal interface IWritesItself
{
    /// <summary>Writes a JSON object.</summary>
    void Write(JsonTextWriter json);
}

/// <summary>Reads members of JSON objects without reflection; errors name the member, as those of Newtonsoft.Json do.</summary>
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

    /// <exception cref="JsonSerializationException">The member is of the wrong type, which may mean that it is null.</exception>
    public static T Optional<T>(this JObject json, string name, Func<JToken, T> read, T otherwise) =>
        json[name] is { } token ? Fit(name, token, read) : otherwise;

    /// <exception cref="JsonSerializationException">The value is of the wrong type.</exception>
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
