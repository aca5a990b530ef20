namespace JupyterKernel.Commands;

/// <summary>Writes files that another program may read at any moment: it sees the complete old or new file.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file, or replaces it.</summary>
    public static void Write(string path, byte[] bytes)
    {
        var draft = $"{path}.{Guid.NewGuid():N}";
        try
        {
            File.WriteAllBytes(draft, bytes);
            File.Move(draft, path, overwrite: true);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
    }
}
