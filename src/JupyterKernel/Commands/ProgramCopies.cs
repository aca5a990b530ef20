using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

#pragma warning disable RS0030 // Looks for running copies.

namespace JupyterKernel.Commands;

/// <summary>
/// The copies of this program that <c>install --copy</c> keeps in the user's data folder: one folder for each build, named by version and
/// content, so that an update never writes over the files of a running kernel. Each holds a list of the kernelspecs that use it.
/// </summary>
/// <remarks>Copies are told apart by the folder's name, not its path: a home directory may be reached by several paths.</remarks>
internal static class ProgramCopies
{
    private const string UsersFile = "kernelspecs.txt";

    // What is being copied and what is being removed lies beside the copies under such names.
    private const string PartialPrefix = ".partial-";

    private static string Root => Path.Combine(JupyterPaths.UserApplicationData, InstalledProgram.Name);

    /// <summary>Copies the running program, unless it runs from a copy or the same build was copied before.</summary>
    public static InstalledProgram Make()
    {
        var source = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        if (IsCopy(source)) return InstalledProgram.In(source);

        InstalledProgram.In(source);
        var target = Path.Combine(Root, $"{Version}-{ContentId(source)}");
        if (!IsCopy(target))
        {
            // Under another name until it is whole: a copy that was broken off is never taken for one.
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
                // Another installation of the same build may have been faster.
                if (!IsCopy(target)) throw;
            }
        }

        return InstalledProgram.In(target);
    }

    /// <summary>Writes down that a kernelspec starts this program, if the program is a copy.</summary>
    public static void RecordUse(InstalledProgram program, string kernelSpec)
    {
        var users = Path.Combine(program.Directory, UsersFile);
        if (File.Exists(users) && !File.ReadLines(users).Contains(kernelSpec)) File.AppendAllLines(users, [kernelSpec]);
    }

    /// <summary>Removes the copies that no kernelspec and no running process uses, and what is left of earlier removals.</summary>
    /// <param name="current">A copy that stays in any case.</param>
    public static void RemoveUnused(InstalledProgram? current = null)
    {
        if (!Directory.Exists(Root)) return;
        // A young one may be the copy that another installation is making.
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
                // The whole folder or nothing: Windows refuses to rename the folder of a program that runs.
                var removed = NewPartial();
                Directory.Move(copy, removed);
                TryDelete(removed);
            }
            catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
            {
                // It goes with a later installation.
            }
        }
    }

    /// <summary>Whether a path names this program's executable in one of its copies, be the copy there or not.</summary>
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
                    // It ended, or belongs to somebody else, who does not run it from here.
                }
            }
        }

        return folders;
    }

    private static string Version =>
        typeof(ProgramCopies).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

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
