namespace JupyterKernel.Link.Processes;

/// <summary>
/// The pipes and the socket that the runtime creates for diagnostic tools. It deletes them only when the process
/// exits by itself. Any thread.
/// Source: https://github.com/dotnet/diagnostics/blob/main/documentation/design-docs/ipc-protocol.md#naming-and-location-conventions
/// </summary>
internal static class RuntimeFiles
{
    /// <summary>Deletes the files of a process that has ended.</summary>
    /// <param name="startTime">
    /// See <see cref="ProcessTree.StartTime"/>. It distinguishes processes with the same id, for example in another
    /// container that shares the folder.
    /// </param>
    public static void Delete(int process, string? startTime)
    {
        if (OperatingSystem.IsWindows() || (startTime is null && OperatingSystem.IsLinux())) return;
        try
        {
            var folder = Path.GetTempPath();
            if (startTime is not null)
            {
                foreach (var name in (string[])[$"clr-debug-pipe-{process}-{startTime}-in", $"clr-debug-pipe-{process}-{startTime}-out",
                    $"dotnet-diagnostic-{process}-{startTime}-socket"])
                    File.Delete(Path.Combine(folder, name));
                return;
            }

            foreach (var pattern in (string[])[$"clr-debug-pipe-{process}-*", $"dotnet-diagnostic-{process}-*-socket"])
            {
                foreach (var file in Directory.EnumerateFiles(folder, pattern)) File.Delete(file);
            }
        }
        catch (Exception kept) when (kept is IOException or UnauthorizedAccessException)
        {
            // The files remain, like those of any killed .NET process.
        }
    }
}
