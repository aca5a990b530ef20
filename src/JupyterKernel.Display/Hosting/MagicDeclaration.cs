using System.ComponentModel;
using System.Reflection;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display.Hosting;

/// <summary>The declaration of a magic, as sent to the kernel.</summary>
/// <param name="Name">The name, including <c>#!</c>.</param>
/// <param name="Help">A one-line description; may be empty.</param>
/// <param name="TakesText">Whether the magic takes the lines below it.</param>
/// <param name="Options">The options; null if the magic takes the unparsed line.</param>
internal sealed record MagicDeclaration(string Name, string Help, bool TakesText, IReadOnlyList<MagicOption>? Options);

/// <summary>An option of a magic.</summary>
/// <param name="Name">The name, including the dashes.</param>
/// <param name="Help">A one-line description; may be empty.</param>
/// <param name="IsRequired">Whether a value must be given.</param>
/// <param name="IsFlag">Whether the option has no value.</param>
/// <param name="IsPositional">Whether the value can be given without the name.</param>
/// <param name="Proposals">The values that completion proposes.</param>
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

    /// <summary>Returns the option name for a parameter: <c>maxCount</c> becomes <c>--max-count</c>.</summary>
    internal static string NameOf(ParameterInfo parameter) =>
        "--" + string.Concat(
            parameter.Name!.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
