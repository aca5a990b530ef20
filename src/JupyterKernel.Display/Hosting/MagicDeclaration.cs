using System.ComponentModel;
using System.Reflection;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display.Hosting;

/// <summary>The declaration of a magic, as the kernel receives it.</summary>
/// <param name="Name">The name with <c>#!</c>.</param>
/// <param name="Help">A one-line description; may be empty.</param>
/// <param name="TakesText">Whether it takes the lines below it.</param>
/// <param name="Options">Its options; null if it takes the unparsed line.</param>
internal sealed record MagicDeclaration(string Name, string Help, bool TakesText, IReadOnlyList<MagicOption>? Options);

/// <summary>An option of a magic.</summary>
/// <param name="Name">The name with dashes.</param>
/// <param name="Help">A one-line description; may be empty.</param>
/// <param name="IsRequired">Whether a value must be given.</param>
/// <param name="IsFlag">Whether it has no value.</param>
/// <param name="IsPositional">Whether its value can be given without the name.</param>
/// <param name="Proposals">The values that completion offers.</param>
internal sealed record MagicOption(string Name, string Help, bool IsRequired, bool IsFlag, bool IsPositional,
    IReadOnlyList<string> Proposals)
{
    internal static MagicOption Of(ParameterInfo parameter) => new(
        NameOf(parameter),
        parameter.GetCustomAttribute<DescriptionAttribute>()?.Description ?? TypeNames.Of(parameter.ParameterType),
        !parameter.HasDefaultValue && parameter.ParameterType != typeof(bool),
        parameter.ParameterType == typeof(bool),
        parameter.ParameterType != typeof(bool),
        (Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType) is { IsEnum: true } type
            ? Enum.GetNames(type)
            : []);

    /// <summary><c>maxCount</c> is <c>--max-count</c>.</summary>
    internal static string NameOf(ParameterInfo parameter) =>
        "--" + string.Concat(
            parameter.Name!.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
