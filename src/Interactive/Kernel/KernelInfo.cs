namespace Microsoft.DotNet.Interactive;

/// <summary>Describes a kernel.</summary>
public class KernelInfo(string localName, string[]? aliases = null, bool isProxy = false, bool isComposite = false,
    string? description = null)
{
    /// <summary>The name used in commands.</summary>
    public string LocalName => localName;

    /// <summary>Other names that can be used in commands.</summary>
    public string[] Aliases { get; internal set; } = aliases ?? [];

    /// <summary>The language, for example C#.</summary>
    public string? LanguageName { get; set; }

    /// <summary>The version of the language, for example 14.0.</summary>
    public string? LanguageVersion { get; set; }

    /// <summary>Whether the kernel has child kernels.</summary>
    public bool IsComposite { get; internal set; } = isComposite;

    /// <summary>Whether the kernel represents a kernel in another process.</summary>
    public bool IsProxy { get; } = isProxy;

    /// <summary>The name for display.</summary>
    public string DisplayName
    {
        get => field ?? localName;
        set;
    }

    /// <summary>A short description.</summary>
    public string? Description { get; set; } = description;

    /// <inheritdoc/>
    public override string ToString() => DisplayName;

    internal bool IsCalled(string name) => LocalName == name || Aliases.Contains(name);
}
