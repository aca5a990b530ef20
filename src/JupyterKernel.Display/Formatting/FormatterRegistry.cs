using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Formatting;

/// <summary>The display forms that users have registered for types. Any thread.</summary>
internal static class FormatterRegistry
{
    // The most recent registration is the first.
    private static (Type Type, string? MimeType, Func<object, MimeBundle?> Format)[] entries = [];

    private static (Type Type, string[] MimeTypes)[] preferences = [];

    /// <summary>Whether anything is registered; otherwise, no lookup is needed.</summary>
    internal static bool IsUsed => Volatile.Read(ref entries).Length > 0 || Volatile.Read(ref preferences).Length > 0;

    /// <summary>Registers a form for a type; with a null MIME type, a whole bundle.</summary>
    internal static void Add(Type type, string? mimeType, Func<object, MimeBundle?> format)
    {
        // No lock, because a thread that is aborted would not release it.
        var known = Volatile.Read(ref entries);
        while (true)
        {
            // Registering a bundle replaces registrations of single forms.
            var others = known.Where(
                entry => entry.Type != type || (mimeType is not null && entry.MimeType != mimeType && entry.MimeType is not null));
            var seen = Interlocked.CompareExchange(ref entries, [(type, mimeType, format), .. others], known);
            if (seen == known) return;
            known = seen;
        }
    }

    /// <summary>Sets the preferred forms of a type; an empty list removes the preference.</summary>
    internal static void Prefer(Type type, string[] mimeTypes)
    {
        var known = Volatile.Read(ref preferences);
        while (true)
        {
            var others = known.Where(preference => preference.Type != type);
            var seen = Interlocked.CompareExchange(ref preferences, mimeTypes.Length > 0 ? [(type, mimeTypes), .. others] : [.. others],
                known);
            if (seen == known) return;
            known = seen;
        }
    }

    /// <summary>Returns the preferred forms of a type; null if there is no preference for it, its base types and its interfaces.</summary>
    internal static IReadOnlyList<string>? PreferredFor(Type type)
    {
        var preferences = Volatile.Read(ref FormatterRegistry.preferences);
        if (preferences.Length == 0 || Nearest(type, preferences.Select(preference => preference.Type)) is not { } nearest) return null;

        // A string does not count as an object with parts: preferences for objects apply to it only for plain text.
        var mimeTypes = preferences.First(preference => preference.Type == nearest).MimeTypes;
        return type == typeof(string) && nearest != type && mimeTypes[0] != MimeBundle.PlainTextType ? null : mimeTypes;
    }

    internal static void Clear()
    {
        Volatile.Write(ref entries, []);
        Volatile.Write(ref preferences, []);
    }

    /// <summary>
    /// Formats a value with the registration for the nearest type among its type, base types and interfaces. The forms
    /// always include plain text.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="forms">The forms of the value.</param>
    /// <param name="isTextOnly">Whether only plain text is registered; the HTML is then formatted without the registration.</param>
    /// <param name="withoutText">Whether to ignore registrations of plain text alone.</param>
    internal static bool TryFormat(object? value, [NotNullWhen(true)] out MimeBundle? forms, out bool isTextOnly, bool withoutText = false)
    {
        forms = null;
        isTextOnly = false;
        var entries = Volatile.Read(ref FormatterRegistry.entries);
        if (value is null || entries.Length == 0) return false;

        // As above: registrations for objects and sequences apply to a string only for plain text.
        if (value is string)
            entries = [.. entries.Where(entry => entry.Type == typeof(string) || entry.MimeType == MimeBundle.PlainTextType)];
        if (withoutText) entries = [.. entries.Where(entry => entry.MimeType != MimeBundle.PlainTextType)];
        if (Nearest(value.GetType(), entries.Select(entry => entry.Type)) is not { } nearest) return false;
        var found = new Dictionary<string, object>();
        try
        {
            RuntimeHelpers.EnsureSufficientExecutionStack();
            foreach (var entry in entries.Where(entry => entry.Type == nearest))
            {
                isTextOnly = entry.MimeType == MimeBundle.PlainTextType;
                foreach (var (mimeType, form) in entry.Format(value)?.Data ?? MimeBundle.Empty.Data) found.TryAdd(mimeType, form);
            }
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            forms = MimeBundle.PlainText(FaultText.Of(exception));
            isTextOnly = false;
            return true;
        }
        if (found.Count == 0) return false;
        isTextOnly &= found.Count == 1;
        forms = DisplayBundles.WithPlainText(new MimeBundle(found), value);
        return true;
    }

    private static Type? Nearest(Type type, IEnumerable<Type> registered) =>
        registered.Where(known => Fits(type, known)).Aggregate((Type?)null,
            (near, next) => near is null || IsNearer(next, near) ? next : near);

    private static bool Fits(Type type, Type registered) =>
        registered.IsAssignableFrom(type) || (registered.IsGenericTypeDefinition && Definitions(type).Contains(registered));

    private static bool IsNearer(Type type, Type than) =>
        type != than && (than.IsAssignableFrom(type) || (than.IsInterface && !type.IsInterface)
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
