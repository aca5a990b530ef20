namespace JupyterKernel.Display.Bundles;

/// <summary>A handle of something that is already displayed: a cell whose last expression is one shows nothing further for it.</summary>
internal interface IOnScreen;
