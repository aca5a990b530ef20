using System.ComponentModel;
using System.Reflection;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display.Hosting;

/// <summary>A magic as the kernel learns of it.</summary>
/// <param name="Name">With its <c>#!</c>.</param>
/// <param name="Help">What it does, in a line; may be empty.</param>
/// <param name="TakesText">Whether the lines below it are its text.</param>
/// <param name="Options">Null where it takes the line as it is.</param>
internal sealed record MagicDeclaration(string Name, string Help, bool TakesText, IReadOnlyList<MagicOption>? Options);

/// <summary>An option of a magic.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Help">What it is, in a line; may be empty.</param>
/// <param name="IsRequired">Whether it must be given.</param>
/// <param name="IsFlag">Whether it is there or not, without a value.</param>
/// <param name="IsPositional">Whether a value without a name may be its.</param>
/// <param name="Proposals">Values to complete.</param>
internal sealed record MagicOption(string Name, string Help, bool IsRequired, bool IsFlag, bool IsPositional, IReadOnlyList<string> Proposals)
{
    internal static MagicOption Of(ParameterInfo parameter) => new(
        NameOf(parameter),
        parameter.GetCustomAttribute<DescriptionAttribute>()?.Description ?? TypeNames.Of(parameter.ParameterType),
        !parameter.HasDefaultValue && parameter.ParameterType != typeof(bool),
        parameter.ParameterType == typeof(bool),
        parameter.ParameterType != typeof(bool),
        (Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType) is { IsEnum: true } type ? Enum.GetNames(type) : []);

    /// <summary><c>maxCount</c> is <c>--max-count</c>.</summary>
    internal static string NameOf(ParameterInfo parameter) =>
        "--" + string.Concat(parameter.Name!.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
