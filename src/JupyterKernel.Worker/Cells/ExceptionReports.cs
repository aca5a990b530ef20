using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using JupyterKernel.Link;

namespace JupyterKernel.Worker.Cells;

/// <summary>Describes an exception as data: type, message, inner exceptions, and all stack frames except the kernel's own.</summary>
internal static partial class ExceptionReports
{
    private const int MaxFrames = 100;
    private const int MaxInner = 10;

    /// <summary>Describes an exception; never throws, even if members of the exception do.</summary>
    public static ExceptionReport Of(Exception exception)
    {
        IEnumerable<Exception> inner = exception switch
        {
            AggregateException aggregate => aggregate.InnerExceptions.Take(MaxInner),
            { InnerException: { } one } => [one],
            _ => [],
        };
        return new(TypeName(exception.GetType()), Message(exception), Frames(exception), [.. inner.Select(Of)]);
    }

    private static string Message(Exception exception)
    {
        try
        {
            return exception is InvalidCastException && Namesakes().Match(exception.Message) is { Success: true } namesakes
                ? $"{namesakes.Groups["type"].Value} was redeclared, and this value has the older type. Run the cell that created the "
                    + "value again."
                : exception.Message ?? "";
        }
        catch (Exception thrown)
        {
            return $"(its Message threw {thrown.GetType().Name})";
        }
    }

    private static FrameReport[] Frames(Exception exception)
    {
        var frames = new List<FrameReport>();
        foreach (var frame in new StackTrace(exception, fNeedFileInfo: true).GetFrames())
        {
            // No user frames follow the first frame of the worker.
            var method = frame.GetMethod();
            if (method?.DeclaringType?.Assembly == typeof(ExceptionReports).Assembly) break;
            if (method is null || IsPlumbing(method) || frames.Count == MaxFrames) continue;
            var report = new FrameReport(MethodName(method), frame.GetFileName(), frame.GetFileLineNumber());

            // The method called itself from the same place.
            if (frames.Count > 0 && frames[^1] with { Times = 1 } == report) frames[^1] = frames[^1] with { Times = frames[^1].Times + 1 };
            else frames.Add(report);
        }

        return [.. frames];
    }

    private static bool IsPlumbing(MethodBase method) =>
        method.IsDefined(typeof(StackTraceHiddenAttribute)) || IsHidden(method.DeclaringType)
        || method.Name == "<Factory>"
        || method.DeclaringType?.Namespace is "System.Runtime.CompilerServices" or "System.Runtime.ExceptionServices";

    /// <summary>
    /// Whether a type is hidden from stack traces, or nested in a hidden type (state machines do not inherit the attribute).
    /// </summary>
    private static bool IsHidden(Type? type) =>
        type is not null && (type.IsDefined(typeof(StackTraceHiddenAttribute)) || IsHidden(type.DeclaringType));

    /// <summary>
    /// Returns the name of a method in C# notation; state machines, lambdas and local functions get the name in the source.
    /// </summary>
    private static string MethodName(MethodBase method)
    {
        var type = method.DeclaringType;
        var name = method.Name;
        var parameters = string.Join(", ", method.GetParameters().Select(parameter => TypeName(parameter.ParameterType)));
        if (type is not null && type.Name.StartsWith('<'))
        {
            // <Name>d__0.MoveNext is an async method or an iterator.
            if (name == "MoveNext" && GeneratedName().Match(type.Name) is { Success: true } machine)
            {
                (name, parameters) = (machine.Groups["name"].Value, "…");
            }

            type = type.DeclaringType;
        }

        if (name is "<Initialize>") return "";
        if (LambdaName().Match(name) is { Success: true } lambda)
        {
            name = lambda.Groups["local"] is { Success: true } local ? local.Value : "lambda";
        }

        var prefix = type is null || Display.Bundles.TypeNames.IsSubmission(type) || type.Name.StartsWith('<') ? "" : TypeName(type) + ".";
        return name is ".ctor" ? $"new {prefix.TrimEnd('.')}({parameters})" : $"{prefix}{name}({parameters})";
    }

    private static string TypeName(Type type) => Display.Bundles.TypeNames.Of(type);

    [GeneratedRegex(@"^\[A\](.*[.+])?(?<type>[^ .+]+) cannot be cast to \[B\].* originates from 'Cell#")]
    private static partial Regex Namesakes();

    [GeneratedRegex(@"^<(?<name>[^>]*(<[^>]*>)?[^>]*)>[a-z]__")]
    private static partial Regex GeneratedName();

    [GeneratedRegex(@"^<.*>(b__|g__(?<local>\w+)\|)")]
    private static partial Regex LambdaName();
}
