namespace JupyterKernel.Display;

/// <summary>
/// A password that is not shown by accident: its text and its look in a notebook are a mask of fixed length.
/// It stands in memory as any string does.
/// </summary>
public sealed class PasswordString
{
    private readonly string clearText;

    /// <summary>Covers a password.</summary>
    public PasswordString(string clearText) => this.clearText = clearText;

    /// <summary>The password itself.</summary>
    public string GetClearTextPassword() => clearText;

    /// <summary>The mask.</summary>
    public override string ToString() => "********";
}
