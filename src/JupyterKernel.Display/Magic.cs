using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display;

/// <summary>
/// Registers magics: lines that begin with <c>#!</c> and call code of the notebook. They are available from the next cell on, also after a
/// replay, until the cell that registered them is removed from the history. A magic runs as part of the cell that calls it: its exceptions
/// are the cell's, an interrupt ends it, and its return value is displayed. Any thread.
/// </summary>
[StackTraceHidden]
public static partial class Magic
{
    // Keyed by the cell that registered the magic: if that cell is removed, an earlier registration is valid again. Without a lock, because
    // an interrupt can abort the code that registers.
    private static ImmutableDictionary<(long Cell, string Name), Func<MagicArguments, Task<object?>>> handlers =
        ImmutableDictionary<(long Cell, string Name), Func<MagicArguments, Task<object?>>>.Empty;

    /// <summary>
    /// Registers a magic whose argument is the rest of its line. A handler <c>(line, text)</c> also gets the lines below it.
    /// </summary>
    /// <param name="name">The name, with or without <c>#!</c>.</param>
    /// <param name="handler">The code of the magic.</param>
    /// <param name="help">A one-line description for <c>#!lsmagic</c> and <c>--help</c>.</param>
    /// <example><c>Magic.Register("#!flip", line => new string(line.Reverse().ToArray()));</c></example>
    /// <exception cref="ArgumentException">The name is not a valid name for a magic.</exception>
    public static void Register(string name, Func<string, object?> handler, string help = "") => Register(name, (Delegate)handler, help);

    /// <inheritdoc cref="Register(string, Func{string, object?}, string)"/>
    public static void Register(string name, Action<string> handler, string help = "") => Register(name, (Delegate)handler, help);

    /// <inheritdoc cref="Register(string, Func{string, object?}, string)"/>
    public static void Register(string name, Func<string, Task> handler, string help = "") => Register(name, (Delegate)handler, help);

    /// <inheritdoc cref="Register(string, Func{string, object?}, string)"/>
    public static void Register<T>(string name, Func<string, Task<T>> handler, string help = "") => Register(name, (Delegate)handler, help);

    /// <summary>Registers a magic whose arguments are the rest of its line and the lines below it.</summary>
    /// <inheritdoc cref="Register(string, Func{string, object?}, string)"/>
    /// <example><c>Magic.Register("#!upper", (line, text) => text.ToUpper());</c></example>
    public static void Register(string name, Func<string, string, object?> handler, string help = "") =>
        Register(name, (Delegate)handler, help);

    /// <inheritdoc cref="Register(string, Func{string, string, object?}, string)"/>
    public static void Register(string name, Action<string, string> handler, string help = "") => Register(name, (Delegate)handler, help);

    /// <inheritdoc cref="Register(string, Func{string, string, object?}, string)"/>
    public static void Register(string name, Func<string, string, Task> handler, string help = "") =>
        Register(name, (Delegate)handler, help);

    /// <inheritdoc cref="Register(string, Func{string, string, object?}, string)"/>
    public static void Register<T>(string name, Func<string, string, Task<T>> handler, string help = "") =>
        Register(name, (Delegate)handler, help);

    /// <summary>
    /// Registers a magic whose options are the parameters of a method: <c>(int times, bool loud = false)</c> is called as <c>#!cheer
    /// --times 3 --loud</c> or <c>#!cheer 3</c>. A parameter without a default value is required; its
    /// <see cref="DescriptionAttribute"/> is the help text. If there is one string parameter only, it gets the rest of the line; if
    /// there are two, the second gets the lines below.
    /// </summary>
    /// <inheritdoc cref="Register(string, Func{string, object?}, string)"/>
    /// <example><c>Magic.Register("#!cheer", (int times, bool loud = false) => string.Join(" ", Enumerable.Repeat(loud ? "HURRA" : "hurra",
    /// times)));</c></example>
    public static void Register(string name, Delegate handler, string help = "")
    {
        ArgumentNullException.ThrowIfNull(handler);
        var parameters = handler.Method.GetParameters();
        var takesLine = parameters is [{ HasDefaultValue: false }] or [{ HasDefaultValue: false }, { HasDefaultValue: false }]
            && parameters.All(parameter => parameter.ParameterType == typeof(string));
        Add(
            new(name, help, takesLine && parameters.Length == 2,
                takesLine || parameters.Length == 0 ? null : [.. parameters.Select(MagicOption.Of)]),
            arguments => ResultOf(handler.Method.Invoke(
                handler.Target, BindingFlags.DoNotWrapExceptions, null,
                takesLine
                    ? [.. new object?[] { arguments.Line, arguments.Text }.Take(parameters.Length)]
                    : [.. parameters.Select(parameter => arguments.Get(MagicOption.NameOf(parameter), parameter.ParameterType,
                        parameter.HasDefaultValue ? parameter.DefaultValue : null))],
                null)));
    }

    /// <summary>Registers a magic with the kernel.</summary>
    internal static void Add(MagicDeclaration magic, Func<MagicArguments, Task<object?>> handler)
    {
        ArgumentNullException.ThrowIfNull(magic.Name);
        var name = magic.Name.StartsWith("#!", StringComparison.Ordinal) ? magic.Name : "#!" + magic.Name;
        if (!ValidName().IsMatch(name))
            throw new ArgumentException(
                $"'{magic.Name}' is not a valid name for a magic. Use letters, digits, '-' and '_' after '#!', such as #!flip.",
                nameof(magic));
        if (NotebookHost.Current is not { } host) return;
        var cell = host.RegisterMagic(magic with { Name = name });
        ImmutableInterlocked.AddOrUpdate(ref handlers, (cell, name), handler, (_, _) => handler);
    }

    /// <summary>Runs a magic. The kernel generates this call for a line with the magic.</summary>
    /// <param name="cell">The number of the cell that registered the magic.</param>
    /// <param name="name">The name, including <c>#!</c>.</param>
    /// <param name="line">The rest of the line.</param>
    /// <param name="text">The lines below the magic.</param>
    /// <param name="options">The names and values of the options, alternating.</param>
    /// <returns>The return value of the handler; null for void.</returns>
    /// <exception cref="InvalidOperationException">The cell that registered the magic was not replayed in this worker.</exception>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static Task<object?> InvokeAsync(long cell, string name, string line, string text, params object?[] options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!handlers.TryGetValue((cell, name), out var handler))
            throw new InvalidOperationException(
                $"{name} has no handler in this worker, because the cell that registered it was not replayed. Run that cell again.");
        return handler(new(line, text, options.Chunk(2).ToDictionary(option => (string)option[0]!, option => option[1])));
    }

    private static async Task<object?> ResultOf(object? returned)
    {
        if (returned is not Task task) return returned;
        await task;
        return task.GetType().GetProperty("Result") is { PropertyType: var type } result && type.Name != "VoidTaskResult"
            ? result.GetValue(task)
            : null;
    }

    [GeneratedRegex(@"\A#![\p{L}_][\p{L}\p{N}_.-]*\z")]
    private static partial Regex ValidName();
}

/// <summary>The arguments with which a magic is called.</summary>
/// <param name="Line">The rest of the line.</param>
/// <param name="Text">The lines below the magic.</param>
/// <param name="Options">The options by name (including dashes): text, or the value of a variable.</param>
internal sealed record MagicArguments(string Line, string Text, IReadOnlyDictionary<string, object?> Options)
{
    /// <summary>Converts an option to a type.</summary>
    /// <param name="name">The name, including the dashes.</param>
    /// <param name="type">The type.</param>
    /// <param name="otherwise">The result if the option was not given.</param>
    /// <exception cref="ArgumentException">The text is not a valid value of the type.</exception>
    internal object? Get(string name, Type type, object? otherwise)
    {
        if (!Options.TryGetValue(name, out var given))
            return otherwise is null && type.IsValueType ? Activator.CreateInstance(type) : otherwise;
        if (given is null || type.IsInstanceOfType(given)) return given;
        var text = Convert.ToString(given, CultureInfo.InvariantCulture)!;
        try
        {
            return type == typeof(string) ? text
                : type == typeof(FileInfo) ? new FileInfo(text)
                : type == typeof(DirectoryInfo) ? new DirectoryInfo(text)
                : TypeDescriptor.GetConverter(type).ConvertFromInvariantString(text);
        }
        catch (Exception malformed) when (
            malformed is FormatException or NotSupportedException or ArgumentException or OverflowException or InvalidCastException)
        {
            throw new ArgumentException($"'{text}' is not a valid value for {name}. Use a value of type {TypeNames.Of(type)}.");
        }
    }
}
