using System.CommandLine;
using JupyterKernel.Conversion;
using JupyterKernel.JupyterClient;
using JupyterKernel.NotebookFiles;

namespace JupyterKernel.Commands;

/// <summary>
/// <c>jupyter-csharp convert</c>: converts notebooks, with the formats given by the file extensions. Exit codes: 0 success, 1 a file
/// failed.
/// </summary>
internal static class ConvertCommand
{
    private const int Failure = 1;

    public static Command Create()
    {
        var input =
            new Argument<FileInfo>("in") { Description = "A notebook (.ipynb, .dib) or a file-based app (.cs)." }.AcceptExistingOnly();
        var output = new Argument<string>("out") { Description = "The file to write: .ipynb, .dib, or .cs for dotnet run." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Overwrite the output file if it exists." };
        var command = new Command("convert",
            "Convert a notebook between .ipynb, .dib and a C# program. Outputs are kept only in .ipynb files.")
        {
            input, output, overwrite,
        };
        command.SetAction(result =>
        {
            var errors = result.InvocationConfiguration.Error;
            try
            {
                Convert(result.GetRequiredValue(input).ToString(), result.GetRequiredValue(output), result.GetValue(overwrite),
                    warning => errors.WriteLine($"jupyter-csharp: {warning}"));
                return 0;
            }
            catch (Exception failure) when (failure is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                errors.WriteLine($"jupyter-csharp: {failure.Message}");
                return Failure;
            }
        });
        return command;
    }

    private static void Convert(string input, string output, bool overwrite, Action<string> warn)
    {
        if (File.Exists(output) && !overwrite) throw new IOException($"'{output}' already exists. Use --overwrite to replace it.");
        var notebook = Ending(input) == ".cs" ? ProgramReader.Read(File.ReadAllText(input))
            : Ending(input) is ".ipynb" or ".dib" ? NotebookFile.Load(input) : throw Unknown(input);
        if (notebook.Language is { } language && !CellLanguage.IsCSharp(language))
        {
            throw new InvalidDataException($"'{input}' is written in {language}. Only C# notebooks can be converted.");
        }
        var hasOutputs = notebook.Cells.Any(cell => cell.HasOutputs);
        switch (Ending(output))
        {
            case ".ipynb":
                notebook.Save(output, input);
                return;
            case ".dib":
                WholeFile.Write(output, input, file => file.Write(DibFile.Write(notebook, left => warn($"{left} and was omitted."))));
                break;
            case ".cs":
                WholeFile.Write(output, input, file => file.Write(new ProgramWriter(warn).Write(notebook)));
                break;
            default:
                throw Unknown(output);
        }

        if (hasOutputs) warn($"The outputs were not written: {Ending(output)} files cannot contain outputs.");
    }

    private static string Ending(string path) => Path.GetExtension(path).ToLowerInvariant();

    private static InvalidDataException Unknown(string path) => new($"'{path}' has an unsupported extension. Use .ipynb, .dib or .cs.");
}
