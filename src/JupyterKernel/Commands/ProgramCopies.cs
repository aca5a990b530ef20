using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using JupyterKernel.Link;

#pragma warning disable RS0030 // Looks for running copies.

namespace JupyterKernel.Commands;

/// <summary>
/// Manages the copies of this program that <c>install --copy</c> keeps in the user's data folder: one folder per build, named by version
/// and content, so that an update never overwrites the files of a running kernel. Each contains a list of the kernelspecs that use it.
/// </summary>
/// <remarks>Copies are compared by folder name, not by path, because a home directory may have several paths.</remarks>
internal static class ProgramCopies
{
    private const string UsersFile = "kernelspecs.txt";

    // The prefix of folders next to the copies that are being copied or removed.
    private const string PartialPrefix = ".partial-";

    private static string Root => Path.Combine(JupyterPaths.UserApplicationData, InstalledProgram.Name);

    /// <summary>Copies the running program, unless it is a copy itself or the same build was copied before.</summary>
    public static InstalledProgram Make()
    {
        var source = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        if (IsCopy(source)) return InstalledProgram.In(source);

        InstalledProgram.In(source);
        var target = Path.Combine(Root, $"{WorkerPrograms.Version}-{ContentId(source)}");
        if (!IsCopy(target))
        {
            // Copied under another name until it is complete, so that an incomplete copy is never used.
            var draft = NewPartial();
            try
            {
                foreach (var file in Files(source))
                {
                    var place = Path.Combine(draft, file);
                    Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                    File.Copy(Path.Combine(source, file), place);
                }

                File.WriteAllText(Path.Combine(draft, UsersFile), "");
                Directory.Move(draft, target);
            }
            catch
            {
                TryDelete(draft);
                // Another installation of the same build may have finished first.
                if (!IsCopy(target)) throw;
            }
        }

        return InstalledProgram.In(target);
    }

    /// <summary>Records that a kernelspec starts this program, if the program is a copy.</summary>
    public static void RecordUse(InstalledProgram program, string kernelSpec)
    {
        var users = Path.Combine(program.Directory, UsersFile);
        if (File.Exists(users) && !File.ReadLines(users).Contains(kernelSpec)) File.AppendAllLines(users, [kernelSpec]);
    }

    /// <summary>Removes the copies that neither a kernelspec nor a running process uses, and the remains of earlier removals.</summary>
    /// <param name="current">A copy that is always kept.</param>
    public static void RemoveUnused(InstalledProgram? current = null)
    {
        if (!Directory.Exists(Root)) return;
        // A recent folder may be the copy that another installation is making.
        foreach (var left in Directory.GetDirectories(Root, PartialPrefix + "*"))
            if (DateTime.UtcNow - Directory.GetLastWriteTimeUtc(left) > TimeSpan.FromHours(1)) TryDelete(left);

        var running = RunningCopies();
        foreach (var copy in Directory.GetDirectories(Root).Where(folder => IsCopy(folder) && !Path.GetFileName(folder).StartsWith('.')))
        {
            var name = Path.GetFileName(copy);
            var isCurrent = current is not null && FolderOf(current.Argv[0]) == name;
            if (isCurrent || running.Contains(name) || IsUsed(copy)) continue;
            try
            {
                // The whole folder or nothing is removed: Windows refuses to rename the folder of a running program.
                var removed = NewPartial();
                Directory.Move(copy, removed);
                TryDelete(removed);
            }
            catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
            {
                // A later installation removes it.
            }
        }
    }

    /// <summary>Whether a path is that of this program's executable in a copy, whether or not the copy exists.</summary>
    public static bool IsExecutableOfCopy(string path) =>
        Path.GetFileName(path) == InstalledProgram.ExecutableName && FolderOf(Path.GetDirectoryName(path)) == InstalledProgram.Name;

    private static string NewPartial() => Path.Combine(Root, PartialPrefix + Guid.NewGuid().ToString("N"));

    private static bool IsCopy(string directory) => File.Exists(Path.Combine(directory, UsersFile));

    private static bool IsUsed(string copy) =>
        File.ReadLines(Path.Combine(copy, UsersFile))
            .Any(kernelSpec => KernelSpec.Read(kernelSpec)?.Argv.Any(argument => FolderOf(argument) == Path.GetFileName(copy)) == true);

    private static string? FolderOf(string? path) => Path.GetFileName(Path.GetDirectoryName(path));

    private static HashSet<string?> RunningCopies()
    {
        var folders = new HashSet<string?>();
        foreach (var process in Process.GetProcessesByName(InstalledProgram.Name))
        {
            using (process)
            {
                try
                {
                    if (process.Id != Environment.ProcessId) folders.Add(FolderOf(process.MainModule?.FileName));
                }
                catch (Exception gone) when (gone is InvalidOperationException or Win32Exception)
                {
                    // It has exited, or belongs to another user, who does not run it from here.
                }
            }
        }

        return folders;
    }

    private static IEnumerable<string> Files(string directory) =>
        Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(directory, file))
            .Order(StringComparer.Ordinal);

    private static string ContentId(string directory)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Files(directory))
        {
            using var stream = File.OpenRead(Path.Combine(directory, file));
            hash.AppendData(Encoding.UTF8.GetBytes(file));
            hash.AppendData(SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }

    private static void TryDelete(string directory)
    {
        try
        {
            if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
        }
        catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
        {
            // A later installation tries again.
        }
    }
}
