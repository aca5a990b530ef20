namespace JupyterKernel.Display; internal static class Placeholder;
