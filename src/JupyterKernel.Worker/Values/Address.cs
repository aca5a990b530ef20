using System.Runtime.InteropServices;

namespace JupyterKernel.Worker.Values;

/// <summary>Checks whether a pointer-sized integer is a pointer, which would not be valid in another process. Any thread.</summary>
internal static partial class Address
{
    // No system maps memory below this address.
    private const nint FirstMapped = 0x10000;

    /// <summary>Whether this process has memory at an address.</summary>
    public static bool IsMapped(nint address)
    {
        if (address is >= 0 and < FirstMapped) return false;
        if (OperatingSystem.IsWindows())
        {
            return VirtualQuery(address, out var region, (nuint)Marshal.SizeOf<Region>()) != 0 && region.State != FreeState;
        }
        var page = address & ~((nint)Environment.SystemPageSize - 1);
        Span<byte> resident = stackalloc byte[1];
        return MinCore(page, 1, ref resident[0]) == 0;
    }

    private const uint FreeState = 0x10000;

    // Source: https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information
    [StructLayout(LayoutKind.Sequential)]
    private struct Region
    {
        public nint BaseAddress;
        public nint AllocationBase;
        public uint AllocationProtect;
        public nuint RegionSize;
        public uint State;
        public uint Protect;
        public uint Type;
    }

    [LibraryImport("kernel32.dll")]
    private static partial nuint VirtualQuery(nint address, out Region region, nuint length);

    // Returns ENOMEM for unmapped memory; on macOS only for addresses outside the range that can be mapped:
    // https://man7.org/linux/man-pages/man2/mincore.2.html
    [LibraryImport("libc", EntryPoint = "mincore")]
    private static partial int MinCore(nint address, nuint length, ref byte resident);
}
