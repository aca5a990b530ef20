namespace JupyterKernel.Settings;

/// <summary>How a replay treats a cell.</summary>
internal enum ReplayPolicy
{
    /// <summary>The cell is run again.</summary>
    Always,

    /// <summary>The cell is not run; variables with plain data are set to the values that they had after the cell.</summary>
    Never,

    /// <summary>After a crash the user is asked; at a planned recycle the same as <see cref="Never"/>.</summary>
    Ask,
}

/// <summary>Parses the names of policies.</summary>
internal static class ReplayPolicies
{
    /// <summary>Returns the policy with a given name; null if there is none.</summary>
    public static ReplayPolicy? Parse(string name) => name switch
    {
        "always" => ReplayPolicy.Always,
        "never" => ReplayPolicy.Never,
        "ask" => ReplayPolicy.Ask,
        _ => null,
    };
}
