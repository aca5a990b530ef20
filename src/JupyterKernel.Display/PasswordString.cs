namespace JupyterKernel.Display;

/// <summary>
/// A password that is not shown by accident: its text and its display are a mask of fixed length. In memory, it is an ordinary string.
/// </summary>
public sealed class PasswordString
{
    private readonly string clearText;

    /// <summary>Wraps a password.</summary>
    public PasswordString(string clearText) => this.clearText = clearText;

    /// <summary>The password itself.</summary>
    public string GetClearTextPassword() => clearText;

    /// <summary>The mask.</summary>
    public override string ToString() => "********";
}
