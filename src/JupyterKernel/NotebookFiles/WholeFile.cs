using System.Text;

namespace JupyterKernel.NotebookFiles;

/// <summary>Writes files atomically, as UTF-8 without a byte order mark.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file. A replaced file keeps its permissions; a new one gets at most those of the source file.</summary>
    /// <param name="path">The path to write to.</param>
    /// <param name="source">The file that the content comes from; so the copy of a private notebook is private.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, string source, Action<TextWriter> write)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows() && ((string[])[path, source]).FirstOrDefault(File.Exists) is { } model)
        {
            options.UnixCreateMode = File.GetUnixFileMode(model);
        }
        try
        {
            using (var writer =
                new StreamWriter(temporary, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options) { NewLine = "\n" })
            {
                write(writer);
            }

            // The umask applies to new files, not to replaced ones.
            if (!OperatingSystem.IsWindows() && File.Exists(path)) File.SetUnixFileMode(temporary, options.UnixCreateMode!.Value);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
