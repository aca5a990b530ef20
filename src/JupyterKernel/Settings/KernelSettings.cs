using System.Globalization;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Settings;

/// <summary>
/// The kernel's settings. Each has a name and is set by an environment variable (<c>jupyter-csharp install --set name=value</c> puts it
/// into the kernelspec), by <c>jupyter-csharp kernel --set name=value</c>, or in a notebook by <c>#!settings name value</c>.
/// </summary>
internal sealed class KernelSettings
{
    private const long MiB = 1024 * 1024;

    private static readonly long MachineBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>All settings.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("memory-threshold", "The amount of memory above which a worker is replaced, if it cannot free it.",
            settings => Size.Format(settings.MemoryThresholdBytes),
            (settings, text) => Size.Parse(text) is { } bytes && (settings.MemoryThresholdBytes = bytes) > 0),
        new("memory-ceiling",
            "Maximum size of the heap of workers started later; a cell is interrupted if its worker's memory exceeds it by 256 MB.",
            settings => Size.Format(settings.MemoryCeilingBytes),
            (settings, text) => Size.Parse(text) is { } bytes && (settings.MemoryCeilingBytes = bytes) > 0),
        new("recycle-after", "Number of cells after which the worker is replaced, if a replay takes at most a minute; 0 for never.",
            settings => Text(settings.RecycleAfterCells),
            (settings, text) => Whole(text) is { } cells && (settings.RecycleAfterCells = cells) >= 0),
        new("max-restarts", "Maximum number of worker restarts within the restart period.",
            settings => Text(settings.MaxRestarts),
            (settings, text) => Whole(text) is { } restarts && (settings.MaxRestarts = restarts) >= 0),
        new("restart-period", "Seconds over which restarts are counted.",
            settings => Text((int)settings.RestartPeriod.TotalSeconds),
            (settings, text) => Whole(text) is { } seconds && (settings.RestartPeriod = TimeSpan.FromSeconds(seconds)) >= TimeSpan.Zero),
        new("spare-seconds", "How long an idle kernel keeps a spare worker; 0 for none.",
            settings => Text((int)settings.SpareTime.TotalSeconds),
            (settings, text) => Whole(text) is { } seconds && (settings.SpareTime = TimeSpan.FromSeconds(seconds)) >= TimeSpan.Zero),
        new("ping-seconds", "Seconds without an answer after which a worker is terminated.",
            settings => Text((int)settings.PingTime.TotalSeconds),
            (settings, text) => Whole(text) is { } seconds and > 0 && (settings.PingTime = TimeSpan.FromSeconds(seconds)) > TimeSpan.Zero),
        new("replay", "Whether a fresh worker replays cells that have no #!replay: always, never or ask.",
            settings => settings.Replay.ToString().ToLowerInvariant(),
            (settings, text) => ReplayPolicies.Parse(text) is { } policy && (settings.Replay = policy) == policy),
        new("notices",
            "Whether cells report replaced workers: on, off, or auto (on if the client sets allow_stdin). Losses are always reported.",
            settings => settings.Notices, (settings, text) => text is "on" or "off" or "auto" && (settings.Notices = text) == text),
        new("children", "Whether processes that cells started end with their worker: end or leave.",
            settings => settings.LeavesChildren ? "leave" : "end",
            (settings, text) => text is "end" or "leave" && (settings.LeavesChildren = text == "leave") == (text == "leave")),
        new("warm-up",
            "Whether an idle kernel loads completion before the first request (about 20 MB): on or off.",
            settings => OnOff(settings.WarmUp),
            (settings, text) => OnOff(text) is { } on && (settings.WarmUp = on) == on),
        new("log",
            "The detail of the kernel's log: problems; workers, which adds starts, replays and exits; messages, which adds each message.",
            _ => Log.Detail, (_, text) => Log.Details.Contains(text) && (Log.Detail = text) == text),
        new("log-file", "The file to which the kernel's log is appended; or stderr, which the client that started the kernel collects.",
            _ => Log.File ?? "stderr", (_, text) => text.Length > 0 && (Log.File = text == "stderr" ? null : Path.GetFullPath(text)) != ""),
        new("debug-worker",
            "Whether a fresh worker waits for a debugger to attach, and is not terminated while it is stopped at a breakpoint: on or off.",
            settings => OnOff(settings.DebugWorker),
            (settings, text) => OnOff(text) is { } on && (settings.DebugWorker = on) == on),
        new("language-version", "The C# language version of later cells: latest, preview, or a number.",
            settings => settings.Language.Version.ToDisplayString(),
            (settings, text) => LanguageVersionFacts.TryParse(text, out var version)
                && settings.Compile(settings.Language with { Version = version })),
        new("checked", "Whether integer arithmetic throws on overflow: on or off.",
            settings => OnOff(settings.Language.Checked),
            (settings, text) => OnOff(text) is { } on && settings.Compile(settings.Language with { Checked = on })),
        new("optimize", "Whether cells are optimized: on, or off for exact line numbers in stack traces.",
            settings => OnOff(settings.Language.Optimize),
            (settings, text) => OnOff(text) is { } on && settings.Compile(settings.Language with { Optimize = on })),
        new("nullable", "The nullable context that cells begin with: enable, disable, warnings or annotations.",
            settings => settings.Language.Nullable.ToString().ToLowerInvariant(),
            (settings, text) => Enum.TryParse<NullableContextOptions>(text, ignoreCase: true, out var context) && Enum.IsDefined(context)
                && settings.Compile(settings.Language with { Nullable = context })),
    ];

    /// <summary>This kernel's settings.</summary>
    public static KernelSettings Current { get; } = new();

    private KernelSettings()
    {
        foreach (var setting in All)
        {
            if (Environment.GetEnvironmentVariable(setting.EnvironmentVariable) is { Length: > 0 } text && !setting.Set(this, text))
                Log.WarnOnce($"'{text}' is not a valid value for {setting.EnvironmentVariable}. {setting.Description}");
        }
    }

    /// <summary>
    /// The memory threshold in bytes; by default a quarter of the memory of the machine or the control group, but at least 512 MB.
    /// </summary>
    public long MemoryThresholdBytes { get; set; } = Math.Max(512 * MiB, MachineBytes / 4);

    /// <summary>The memory ceiling in bytes; by default 80 % of the memory of the machine or the control group.</summary>
    public long MemoryCeilingBytes { get; set; } = MachineBytes / 10 * 8;

    public int RecycleAfterCells { get; set; } = 1000;

    public int MaxRestarts { get; set; } = 30;

    public TimeSpan RestartPeriod { get; set; } = TimeSpan.FromMinutes(1);

    public TimeSpan SpareTime { get; set; } = TimeSpan.FromMinutes(30);

    public TimeSpan PingTime { get; set; } = TimeSpan.FromSeconds(30);

    public ReplayPolicy Replay { get; set; } = ReplayPolicy.Always;

    public string Notices { get; set; } = "auto";

    public bool LeavesChildren { get; set; }

    public bool WarmUp { get; set; } = true;

    public bool DebugWorker { get; set; }

    public LanguageSettings Language { get; set; } = LanguageSettings.Default;

    /// <summary>Returns the error message for a setting's value; null if the value is valid.</summary>
    public static string? Check(string name, string text) => new KernelSettings().Set(name, text);

    /// <summary>Sets a setting by name.</summary>
    /// <returns>The error message; null if the value is valid.</returns>
    public string? Set(string name, string text) =>
        All.FirstOrDefault(setting => setting.Name == name) is not { } setting
        ? $"Unknown setting '{name}'. "
                + (Suggestions.Nearest(name, All.Select(setting => setting.Name))
                    ?? $"Settings: {string.Join(", ", All.Select(setting => setting.Name))}.")
        : setting.Set(this, text) ? null
        : $"'{text}' is not a valid value for {name}. {setting.Description}";

    private bool Compile(LanguageSettings language)
    {
        Language = language;
        return true;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string OnOff(bool on) => on ? "on" : "off";

    private static bool? OnOff(string text) => text switch { "on" => true, "off" => false, _ => null };

    private static int? Whole(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>A single setting.</summary>
/// <param name="Get">Returns the value as text.</param>
/// <param name="Set">Sets the value from a text; returns false if the text is not a valid value.</param>
internal sealed record Setting(string Name, string Description, Func<KernelSettings, string> Get, Func<KernelSettings, string, bool> Set)
{
    /// <summary>The environment variable that sets the setting.</summary>
    public string EnvironmentVariable => "JUPYTER_CSHARP_" + Name.ToUpperInvariant().Replace('-', '_');
}
