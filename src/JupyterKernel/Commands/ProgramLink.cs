namespace JupyterKernel.Commands;

/// <summary>
/// The link in <c>~/.local/bin</c> that makes <c>jupyter csharp …</c> work: the <c>jupyter</c> command looks for <c>jupyter-NAME</c> on
/// the path. Windows has no such folder, and links require a privilege there.
/// </summary>
internal static class ProgramLink
{
    private static string Folder => Path.Combine(JupyterPaths.Home, ".local", "bin");

    private static string Link => Path.Combine(Folder, InstalledProgram.Name);

    /// <summary>
    /// Links a copy of the program and reports the result; a failure is only reported, because a kernel works without the link.
    /// </summary>
    public static void Create(InstalledProgram copy, TextWriter output)
    {
        if (OperatingSystem.IsWindows())
        {
            output.WriteLine($"Command: {copy}  (put {copy.Directory} on your PATH, then 'jupyter csharp' works too)");
            return;
        }

        var file = new FileInfo(Link);
        if ((file.Exists || file.LinkTarget is not null) && !IsOurs)
        {
            output.WriteLine($"'{Link}' belongs to another program and was not replaced.");
            return;
        }

        var draft = $"{Link}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(Folder);
            File.CreateSymbolicLink(draft, copy.Argv[0]);
            File.Move(draft, Link, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"The link '{Link}' could not be created: {failure.Message}");
            return;
        }

        var isOnPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(entry => entry.TrimEnd('/') == Folder);
        output.WriteLine(isOnPath
            ? $"Command: jupyter csharp, or {InstalledProgram.Name}"
            : $"Command: {Link}  (put {Folder} on your PATH, then 'jupyter csharp' works too)");
    }

    /// <summary>Removes the link if its target no longer exists.</summary>
    public static void RemoveIfDangling()
    {
        if (IsOurs && !File.Exists(new FileInfo(Link).LinkTarget)) File.Delete(Link);
    }

    private static bool IsOurs => new FileInfo(Link).LinkTarget is { } target && ProgramCopies.IsExecutableOfCopy(target);
}
