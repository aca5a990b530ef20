using JupyterKernel.Display;
using Microsoft.AspNetCore.Html;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>LaTeX, including the dollar signs or the environment.</summary>
public class LaTeXString(string latexCode) : IDisplayable
{
    /// <summary>Converts text to LaTeX.</summary>
    public static implicit operator LaTeXString(string source) => new(source);

    /// <inheritdoc/>
    public override string ToString() => latexCode;

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle() => Notebook.Latex(latexCode);
}

/// <summary>A formula in LaTeX, without dollar signs.</summary>
public class MathString(string latexCode) : LaTeXString($"$${latexCode}$$")
{
    /// <summary>Converts text to a formula.</summary>
    public static implicit operator MathString(string source) => new(source);
}

/// <summary>JSON text.</summary>
public class JsonString(string json) : HtmlString(json), IDisplayable
{
    /// <inheritdoc/>
    public MimeBundle ToMimeBundle() => Notebook.JSON(ToString());
}
