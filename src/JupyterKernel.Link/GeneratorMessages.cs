namespace JupyterKernel.Link;

/// <summary>A source text.</summary>
/// <param name="Path">Its path; empty for none.</param>
/// <param name="IsUtf8">Whether it is a file in UTF-8, or a text without an encoding.</param>
/// <param name="Checksum">Roslyn's number of the algorithm of its checksum.</param>
internal sealed record GeneratorText(string Path, string Text, bool IsUtf8, int Checksum)
{
    internal void Write(BinaryWriter writer)
    {
        writer.Write(Path);
        writer.Write(Text);
        writer.Write(IsUtf8);
        writer.Write(Checksum);
    }

    internal static GeneratorText Read(BinaryReader reader) =>
        new(reader.ReadString(), reader.ReadString(), reader.ReadBoolean(), reader.ReadInt32());
}

/// <summary>An assembly that the texts of a request may use.</summary>
/// <param name="Path">Its file; empty if it has none.</param>
/// <param name="Metadata">Its metadata, if it has no file.</param>
internal sealed record GeneratorReference(string Path, byte[] Metadata, IReadOnlyList<string> Aliases)
{
    internal void Write(BinaryWriter writer)
    {
        writer.Write(Path);
        writer.Write(Metadata.Length);
        writer.Write(Metadata);
        writer.WriteAll(Aliases, (to, alias) => to.Write(alias));
    }

    internal static GeneratorReference Read(BinaryReader reader) =>
        new(reader.ReadString(), reader.ReadBytes(reader.ReadInt32()), reader.ReadAll(from => from.ReadString()));
}

/// <summary>
/// A request to the process that runs source generators: the compilation to run them on. It is written to the process's stdin, and the
/// <see cref="GeneratorReply"/> is read from its stdout.
/// </summary>
/// <param name="Assembly">The name of the assembly.</param>
/// <param name="Analyzers">The assemblies that may have generators, and files with build properties.</param>
/// <param name="LanguageVersion">Roslyn's number of the version of C#.</param>
/// <param name="Symbols">The defined preprocessor symbols.</param>
/// <param name="Nullable">Roslyn's number of the nullable context.</param>
internal sealed record GeneratorRequest(
    string Assembly, IReadOnlyList<GeneratorText> Texts, IReadOnlyList<GeneratorReference> References, IReadOnlyList<string> Analyzers,
    int LanguageVersion, IReadOnlyList<string> Symbols, int Nullable, bool AllowUnsafe, bool CheckOverflow)
{
    /// <summary>Writes the request.</summary>
    internal void Write(BinaryWriter writer)
    {
        writer.Write(Assembly);
        writer.WriteAll(Texts, (to, text) => text.Write(to));
        writer.WriteAll(References, (to, reference) => reference.Write(to));
        writer.WriteAll(Analyzers, (to, path) => to.Write(path));
        writer.Write(LanguageVersion);
        writer.WriteAll(Symbols, (to, symbol) => to.Write(symbol));
        writer.Write(Nullable);
        writer.Write(AllowUnsafe);
        writer.Write(CheckOverflow);
        writer.Flush();
    }

    /// <summary>Reads a request.</summary>
    /// <exception cref="EndOfStreamException">The kernel has ended.</exception>
    internal static GeneratorRequest Read(BinaryReader reader) =>
        new(reader.ReadString(), reader.ReadAll(GeneratorText.Read), reader.ReadAll(GeneratorReference.Read),
            reader.ReadAll(from => from.ReadString()), reader.ReadInt32(), reader.ReadAll(from => from.ReadString()), reader.ReadInt32(),
            reader.ReadBoolean(), reader.ReadBoolean());
}

/// <summary>An error that a generator has reported.</summary>
/// <param name="Text">The index of the text, first the request's and then the generated ones; -1 for none.</param>
/// <param name="Start">The position in the text.</param>
internal sealed record GeneratorError(
    string Id, string Category, string Title, string Message, string HelpLink, int Text, int Start, int Length)
{
    internal void Write(BinaryWriter writer)
    {
        foreach (var part in (string[])[Id, Category, Title, Message, HelpLink]) writer.Write(part);
        foreach (var number in (int[])[Text, Start, Length]) writer.Write(number);
    }

    internal static GeneratorError Read(BinaryReader reader) =>
        new(reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt32(),
            reader.ReadInt32(), reader.ReadInt32());
}

/// <summary>The result of a <see cref="GeneratorRequest"/>.</summary>
/// <param name="Texts">The texts that the generators have written.</param>
internal sealed record GeneratorReply(IReadOnlyList<GeneratorText> Texts, IReadOnlyList<GeneratorError> Errors)
{
    /// <summary>Writes the reply.</summary>
    internal void Write(BinaryWriter writer)
    {
        writer.WriteAll(Texts, (to, text) => text.Write(to));
        writer.WriteAll(Errors, (to, error) => error.Write(to));
        writer.Flush();
    }

    /// <summary>Reads a reply.</summary>
    /// <exception cref="EndOfStreamException">The process has ended.</exception>
    internal static GeneratorReply Read(BinaryReader reader) =>
        new(reader.ReadAll(GeneratorText.Read), reader.ReadAll(GeneratorError.Read));
}

/// <summary>Writes and reads lists: the number of the items, then each.</summary>
file static class Lists
{
    public static void WriteAll<T>(this BinaryWriter writer, IReadOnlyList<T> items, Action<BinaryWriter, T> write)
    {
        writer.Write(items.Count);
        foreach (var item in items) write(writer, item);
    }

    public static T[] ReadAll<T>(this BinaryReader reader, Func<BinaryReader, T> read)
    {
        var items = new T[reader.ReadInt32()];
        for (var i = 0; i < items.Length; i++) items[i] = read(reader);
        return items;
    }
}
