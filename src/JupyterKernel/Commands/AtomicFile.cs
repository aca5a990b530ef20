namespace JupyterKernel.Commands;

/// <summary>Files that another program may read at any moment: it sees the old one or the new one, never a half.</summary>
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
