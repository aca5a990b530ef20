using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace JupyterKernel.Display;

/// <summary>What users have registered to show their types. Any thread.</summary>
internal static class FormatterRegistry
{
    // The latest first.
    private static (Type Type, string? MimeType, Func<object, MimeBundle?> Format)[] entries = [];

    /// <summary>Whether anything is registered at all: where not, nothing is looked up.</summary>
    internal static bool IsUsed => Volatile.Read(ref entries).Length > 0;

    /// <summary>Registers a form of a type; with null for its MIME type a whole bundle.</summary>
    internal static void Add(Type type, string? mimeType, Func<object, MimeBundle?> format)
    {
        // No lock: who is interrupted while holding one would leave it taken.
        var known = Volatile.Read(ref entries);
        while (true)
        {
            // One of a bundle replaces those of single forms.
            var others = known.Where(entry => entry.Type != type || (mimeType is not null && entry.MimeType != mimeType && entry.MimeType is not null));
            var seen = Interlocked.CompareExchange(ref entries, [(type, mimeType, format), .. others], known);
            if (seen == known) return;
            known = seen;
        }
    }

    internal static void Clear() => Volatile.Write(ref entries, []);

    /// <summary>The forms of a value for whose type, base type or interface something is registered: that of the nearest type. Text is always among them.</summary>
    internal static bool TryFormat(object? value, [NotNullWhen(true)] out MimeBundle? forms)
    {
        forms = null;
        if (value is null || !IsUsed) return false;
        var entries = Volatile.Read(ref FormatterRegistry.entries);
        var type = value.GetType();
        var nearest = entries.Where(entry => Fits(type, entry.Type)).Select(entry => entry.Type).Aggregate((Type?)null, (near, next) => near is null || IsNearer(next, near) ? next : near);
        if (nearest is null) return false;
        var found = new Dictionary<string, object>();
        try
        {
            RuntimeHelpers.EnsureSufficientExecutionStack();
            foreach (var entry in entries.Where(entry => entry.Type == nearest))
            {
                foreach (var (mimeType, form) in entry.Format(value)?.Data ?? MimeBundle.Empty.Data) found.TryAdd(mimeType, form);
            }
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            forms = MimeBundle.PlainText(ShownReader.Fault(exception));
            return true;
        }
        if (found.Count == 0) return false;
        forms = Formatter.WithPlainText(new MimeBundle(found), value);
        return true;
    }

    private static bool Fits(Type type, Type registered) => registered.IsAssignableFrom(type) || (registered.IsGenericTypeDefinition && Definitions(type).Contains(registered));

    private static bool IsNearer(Type type, Type than) => type != than && (than.IsAssignableFrom(type) || (than.IsInterface && !type.IsInterface)
        || (than.IsGenericTypeDefinition && !type.IsGenericTypeDefinition && Definitions(type).Contains(than)));

    private static IEnumerable<Type> Definitions(Type type)
    {
        for (var at = type; at is not null; at = at.BaseType)
        {
            if (at.IsGenericType) yield return at.GetGenericTypeDefinition();
        }
        foreach (var at in type.GetInterfaces().Where(at => at.IsGenericType)) yield return at.GetGenericTypeDefinition();
    }
}
