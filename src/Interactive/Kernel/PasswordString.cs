namespace Microsoft.DotNet.Interactive;

/// <summary>A password that is not shown by accident.</summary>
public class PasswordString(string clearTextPassword)
{
    private readonly string clearText = clearTextPassword;

    /// <summary>The password itself.</summary>
    public string GetClearTextPassword() => clearText;

    /// <summary>The mask.</summary>
    public override string ToString() => "********";
}
