using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace JupyterKernel.Display.Bundles;

/// <summary>
/// Finds characters that must be escaped in a JSON string, eight characters at a time. The framework can do the same, but its code is not
/// compiled ahead of time, so the first long output would wait for compilation and run unoptimized.
/// </summary>
internal static class AsciiText
{
    /// <summary>Whether a text is ASCII and needs no escaping in a JSON string.</summary>
    internal static bool IsPlain(ReadOnlySpan<char> text)
    {
        ref var first = ref Reference(text);
        var at = 0;
        for (; at + Vector128<ushort>.Count <= text.Length; at += Vector128<ushort>.Count)
        {
            if (NotPlain(Vector128.LoadUnsafe(ref first, (nuint)at)) != Vector128<ushort>.Zero) return false;
        }
        for (; at < text.Length; at++)
        {
            if (!IsPlain(text[at])) return false;
        }
        return true;
    }

    /// <summary>Whether a text contains a quotation mark, a backslash or a control character.</summary>
    internal static bool NeedsEscapes(ReadOnlySpan<char> text)
    {
        ref var first = ref Reference(text);
        var at = 0;
        for (; at + Vector128<ushort>.Count <= text.Length; at += Vector128<ushort>.Count)
        {
            if (Escaped(Vector128.LoadUnsafe(ref first, (nuint)at)) != Vector128<ushort>.Zero) return true;
        }
        for (; at < text.Length; at++)
        {
            if (text[at] is < ' ' or '"' or '\\') return true;
        }
        return false;
    }

    /// <summary>Writes the bytes of a plain text; returns false, possibly after writing some of them, if the text is not plain.</summary>
    internal static bool TryNarrowPlain(ReadOnlySpan<char> text, Span<byte> target)
    {
        target = target[..text.Length];
        ref var first = ref Reference(text);
        ref var firstByte = ref MemoryMarshal.GetReference(target);
        var at = 0;
        for (; at + Vector128<byte>.Count <= text.Length; at += Vector128<byte>.Count)
        {
            var low = Vector128.LoadUnsafe(ref first, (nuint)at);
            var high = Vector128.LoadUnsafe(ref first, (nuint)(at + Vector128<ushort>.Count));
            if ((NotPlain(low) | NotPlain(high)) != Vector128<ushort>.Zero) return false;
            Vector128.Narrow(low, high).StoreUnsafe(ref firstByte, (nuint)at);
        }
        for (; at < text.Length; at++)
        {
            if (!IsPlain(text[at])) return false;
            target[at] = (byte)text[at];
        }
        return true;
    }

    private static bool IsPlain(char c) => c is >= ' ' and <= '\x7F' and not ('"' or '\\');

    private static Vector128<ushort> NotPlain(Vector128<ushort> text) =>
        Escaped(text) | Vector128.GreaterThan(text, Vector128.Create((ushort)0x7F));

    private static Vector128<ushort> Escaped(Vector128<ushort> text) =>
        Vector128.LessThan(text, Vector128.Create((ushort)' '))
        | Vector128.Equals(text, Vector128.Create((ushort)'"'))
        | Vector128.Equals(text, Vector128.Create((ushort)'\\'));

    private static ref ushort Reference(ReadOnlySpan<char> text) =>
        ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(text));
}
