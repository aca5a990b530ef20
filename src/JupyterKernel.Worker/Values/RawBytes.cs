using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace JupyterKernel.Worker.Values;

/// <summary>Converts values of <see cref="ShapeKind.Raw"/> to their bytes in memory and back. Any thread.</summary>
internal static class RawBytes
{
    /// <summary>Returns the bytes of a value.</summary>
    public static byte[] Of(object value)
    {
        var array = Array.CreateInstance(value.GetType(), 1);
        array.SetValue(value, 0);
        return OfArray(array).ToArray();
    }

    /// <summary>Returns the bytes of an array's elements, without copying them.</summary>
    public static Span<byte> OfArray(Array array) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(array),
            checked(array.Length * SizeOf(array.GetType().GetElementType()!)));

    /// <summary>Returns the size of a value in bytes.</summary>
    public static int SizeOf(Type type) => RuntimeHelpers.SizeOf(type.TypeHandle);

    /// <summary>Returns the value that consists of the given bytes.</summary>
    public static object ToValue(Type type, ReadOnlySpan<byte> bytes)
    {
        var array = Array.CreateInstance(type, 1);
        bytes.CopyTo(OfArray(array));
        return array.GetValue(0)!;
    }
}
