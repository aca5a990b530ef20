using System.Diagnostics;
using System.Reflection;
using JupyterKernel.Display;
using JupyterKernel.Display.Hosting;
using Microsoft.DotNet.Interactive.Commands;

namespace Microsoft.DotNet.Interactive.Directives;

/// <summary>A directive, which is the .NET Interactive name for a magic.</summary>
/// <param name="name">The name, including <c>#!</c>.</param>
public abstract class KernelDirective(string name)
{
    /// <summary>The name, including <c>#!</c>.</summary>
    public string Name => name;

    /// <summary>The description for <c>--help</c>.</summary>
    public string Description { get; set; } = "";

    /// <summary>Has no effect here, because every magic is listed.</summary>
    public bool Hidden { get; set; }

    /// <inheritdoc/>
    public override string ToString() => name;
}

/// <summary>A directive with a handler.</summary>
/// <param name="name">The name, including <c>#!</c>.</param>
public class KernelActionDirective(string name) : KernelDirective(name)
{
    /// <summary>The type of the command that the handler receives.</summary>
    public Type? KernelCommandType { get; set; }

    /// <summary>The parameters.</summary>
    public ICollection<KernelDirectiveParameter> Parameters { get; } = [];

    /// <summary>The subcommands; not supported here.</summary>
    public ICollection<KernelActionDirective> Subcommands { get; } = [];
}

/// <summary>A parameter of a directive.</summary>
/// <param name="name">The name, including the dashes.</param>
/// <param name="description">The description for <c>--help</c>.</param>
public class KernelDirectiveParameter(string name, string? description = null)
{
    private readonly List<Func<IEnumerable<string>>> proposals = [];

    /// <summary>The name, including the dashes.</summary>
    public string Name => name;

    /// <summary>The description for <c>--help</c>.</summary>
    public string Description { get; init; } = description ?? "";

    /// <summary>Whether the value can be given without the name.</summary>
    public bool AllowImplicitName { get; init; }

    /// <summary>The maximum number of occurrences; only the last occurrence is used here.</summary>
    public int MaxOccurrences { get; init; } = 1;

    /// <summary>Whether the parameter is required.</summary>
    public bool Required { get; init; }

    /// <summary>Has no effect here.</summary>
    public string TypeHint { get; init; } = "text";

    /// <summary>Whether the parameter has no value.</summary>
    public bool Flag { get; set; }

    /// <summary>Adds values that completion proposes.</summary>
    public KernelDirectiveParameter AddCompletions(Func<IEnumerable<string>> getCompletions)
    {
        proposals.Add(getCompletions);
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => name;

    internal MagicOption Option =>
        new(name, Description, Required, Flag, AllowImplicitName, [.. proposals.SelectMany(proposal => proposal())]);
}

/// <summary>The command of a directive without a command type; it contains the given parameters by name.</summary>
public sealed class DirectiveCommand : KernelDirectiveCommand
{
    /// <summary>The values, by parameter name (including the dashes).</summary>
    public IReadOnlyDictionary<string, object?> Parameters { get; internal set; } = new Dictionary<string, object?>();
}

/// <summary>Registers directives as magics of the display API.</summary>
[StackTraceHidden]
internal static class DirectiveMagic
{
    internal static void Add(KernelActionDirective directive, Type commandType, Func<KernelCommand, KernelInvocationContext, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(directive);
        ArgumentNullException.ThrowIfNull(handler);
        Magic.Add(
            new(directive.Name, directive.Description, TakesText: false, [.. directive.Parameters.Select(parameter => parameter.Option)]),
            async arguments =>
        {
            var command = Command(commandType, arguments);
            if (command is KernelDirectiveCommand checkedFirst
                && checkedFirst.GetValidationErrors((CompositeKernel)Kernel.Root).ToList() is { Count: > 0 } errors)
                throw new ArgumentException(string.Join("\n", errors));
            await handler(command, KernelInvocationContext.Current);
            return null;
        });
    }

    /// <summary>
    /// Creates a command. Its constructor parameters and properties are set from the parameters of the same names: <c>--max-count</c>
    /// matches <c>maxCount</c> and <c>MaxCount</c>.
    /// </summary>
    private static KernelCommand Command(Type type, MagicArguments arguments)
    {
        var given = arguments.Options.Keys.ToDictionary(name => name.Replace("-", "", StringComparison.Ordinal),
            StringComparer.OrdinalIgnoreCase);
        var constructor = type.GetConstructors()
            .OrderByDescending(constructor => constructor.GetParameters().Count(parameter => given.ContainsKey(parameter.Name!)))
            .ThenBy(constructor => constructor.GetParameters().Length).FirstOrDefault()
            ?? throw new ArgumentException($"{type.Name} has no public constructor, so the directive cannot create it.");
        var command = (KernelCommand)constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, [.. constructor.GetParameters()
            .Select(
                parameter => Value(parameter.Name!, parameter.ParameterType, parameter.HasDefaultValue ? parameter.DefaultValue : null))],
            null);
        if (command is DirectiveCommand untyped) untyped.Parameters = arguments.Options;
        foreach (var property in type.GetProperties().Where(
            property => property.CanWrite && property.SetMethod!.IsPublic && given.ContainsKey(property.Name)))
            property.SetValue(command, Value(property.Name, property.PropertyType, null), BindingFlags.DoNotWrapExceptions, null, null,
                null);
        return command;

        object? Value(string name, Type of, object? otherwise) => arguments.Get(given.GetValueOrDefault(name, name), of, otherwise);
    }
}
