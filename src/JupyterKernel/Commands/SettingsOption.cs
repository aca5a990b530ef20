using System.CommandLine;
using System.CommandLine.Parsing;
using JupyterKernel.Settings;

namespace JupyterKernel.Commands;

/// <summary><c>--set NAME=VALUE</c>: settings of a kernel, which it takes from environment variables.</summary>
internal sealed class SettingsOption : Option<string[]>
{
    public SettingsOption()
        : base("--set")
    {
        Description = $"A setting of the kernel; may be repeated. {string.Join(" ", KernelSettings.All.Select(setting => $"{setting.Name}: {setting.Description}"))}";
        HelpName = "NAME=VALUE";
        CompletionSources.Add([.. KernelSettings.All.Select(setting => setting.Name + "=")]);
        Validators.Add(Validate);
    }

    /// <summary>The environment variables that stand for what was set.</summary>
    public IEnumerable<(string Variable, string Value)> Variables(ParseResult parse) =>
        (parse.GetValue(this) ?? []).Select(Split).Select(set => (KernelSettings.All.First(setting => setting.Name == set.Name).EnvironmentVariable, set.Value));

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
