using System.CommandLine;
using System.CommandLine.Parsing;
using JupyterKernel.Settings;

namespace JupyterKernel.Commands;

/// <summary><c>--set NAME=VALUE</c>: the settings of a kernel, which reads them from environment variables.</summary>
internal sealed class SettingsOption : Option<string[]>
{
    public SettingsOption()
        : base("--set")
    {
        Description = "A kernel setting from the list below. Can be repeated.";
        HelpName = "NAME=VALUE";
        CompletionSources.Add([.. KernelSettings.All.Select(setting => setting.Name + "=")]);
        Validators.Add(Validate);
    }

    /// <summary>Returns the environment variables of the given settings.</summary>
    public IEnumerable<(string Variable, string Value)> Variables(ParseResult parse) =>
        (parse.GetValue(this) ?? []).Select(Split)
            .Select(set => (KernelSettings.All.First(setting => setting.Name == set.Name).EnvironmentVariable, set.Value));

    /// <summary>Writes each setting on its own line.</summary>
    public static void WriteHelp(TextWriter output)
    {
        var width = KernelSettings.All.Max(setting => setting.Name.Length);
        output.WriteLine("Settings:");
        foreach (var setting in KernelSettings.All) output.WriteLine($"  {setting.Name.PadRight(width)}  {setting.Description}");
        output.WriteLine();
    }

    private static void Validate(OptionResult result)
    {
        foreach (var token in result.Tokens)
        {
            var (name, value) = Split(token.Value);
            if (KernelSettings.Check(name, value) is { } problem) result.AddError(problem);
        }
    }

    private static (string Name, string Value) Split(string text) =>
        text.Split('=', 2) is [var name, var value] ? (name.Trim(), value.Trim()) : (text, "");
}
