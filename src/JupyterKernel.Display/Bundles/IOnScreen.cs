namespace JupyterKernel.Display.Bundles;

/// <summary>A handle of something already displayed; nothing more is shown if it is the last expression of a cell.</summary>
internal interface IOnScreen;
