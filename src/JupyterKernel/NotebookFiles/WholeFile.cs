using System.Text;

namespace JupyterKernel.NotebookFiles;

/// <summary>Files that are written whole or not at all, as UTF-8 without a byte order mark.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file. One that exists is replaced and keeps its permissions; a new one gets no more than its source has.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">The file whose content it is: the copy of a private notebook is private.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, string source, Action<TextWriter> write)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows() && ((string[])[path, source]).FirstOrDefault(File.Exists) is { } model) options.UnixCreateMode = File.GetUnixFileMode(model);
        try
        {
            using (var writer = new StreamWriter(temporary, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options) { NewLine = "\n" })
            {
                write(writer);
            }

            // The umask has its say in what is created, not in what is replaced.
            if (!OperatingSystem.IsWindows() && File.Exists(path)) File.SetUnixFileMode(temporary, options.UnixCreateMode!.Value);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
