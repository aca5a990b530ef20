using JupyterKernel.Session;

namespace JupyterKernel.Settings;

/// <summary>What becomes of a cell when the session is brought into a fresh worker.</summary>
internal enum ReplayPolicy
{
    /// <summary>It is executed again.</summary>
    Always,

    /// <summary>It is not; the variables are set to what they were after it, as far as they hold plain data.</summary>
    Never,

    /// <summary>After a crash the user is asked; at a planned recycle it is as <see cref="Never"/>.</summary>
    Ask,
}

/// <summary>Policies by their names.</summary>
internal static class ReplayPolicies
{
    /// <summary>A policy by its name; null if there is none of that name.</summary>
    public static ReplayPolicy? Parse(string name) => name switch
    {
        "always" => ReplayPolicy.Always,
        "never" => ReplayPolicy.Never,
        "ask" => ReplayPolicy.Ask,
        _ => null,
    };
}
