namespace JupyterKernel.Settings;

/// <summary>The treatment of a cell in a replay.</summary>
internal enum ReplayPolicy
{
    /// <summary>The cell is executed again.</summary>
    Always,

    /// <summary>The cell is not executed again; the variables that hold plain data are set to their values after it.</summary>
    Never,

    /// <summary>After a crash the user is asked; at a planned recycle the same as <see cref="Never"/>.</summary>
    Ask,
}

/// <summary>Parses the names of policies.</summary>
internal static class ReplayPolicies
{
    /// <summary>Returns the policy of a name; null if there is none.</summary>
    public static ReplayPolicy? Parse(string name) => name switch
    {
        "always" => ReplayPolicy.Always,
        "never" => ReplayPolicy.Never,
        "ask" => ReplayPolicy.Ask,
        _ => null,
    };
}
