namespace Microsoft.DotNet.Interactive;

/// <summary>What there is to say of a kernel.</summary>
public class KernelInfo(string localName, string[]? aliases = null, bool isProxy = false, bool isComposite = false, string? description = null)
{
    /// <summary>By which commands name it.</summary>
    public string LocalName => localName;

    /// <summary>Further names.</summary>
    public string[] Aliases { get; internal set; } = aliases ?? [];

    /// <summary>For example C#.</summary>
    public string? LanguageName { get; set; }

    /// <summary>For example 14.0.</summary>
    public string? LanguageVersion { get; set; }

    /// <summary>Whether others belong to it.</summary>
    public bool IsComposite { get; internal set; } = isComposite;

    /// <summary>Whether it runs elsewhere.</summary>
    public bool IsProxy { get; } = isProxy;

    /// <summary>Its name for people.</summary>
    public string DisplayName
    {
        get => field ?? localName;
        set;
    }

    /// <summary>What it does.</summary>
    public string? Description { get; set; } = description;

    /// <inheritdoc/>
    public override string ToString() => DisplayName;

    internal bool IsCalled(string name) => LocalName == name || Aliases.Contains(name);
}
