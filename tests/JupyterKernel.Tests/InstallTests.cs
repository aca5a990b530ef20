using System.Diagnostics;
using System.Runtime.InteropServices;
using Newtonsoft.Json.Linq;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the installation: the real executable installs itself into homes and prefixes that exist for one test.</summary>
public sealed class InstallTests : IDisposable
{
    private const string ForeignSpec = """{"argv": ["other"], "display_name": ".NET (C#)", "language": "C#"}""";

    private readonly string home = Directory.CreateTempSubdirectory("jupyter-csharp-home-").FullName;
    private readonly Dictionary<string, string?> environment;

    public InstallTests()
    {
        var noPrograms = Directory.CreateDirectory(At("no-programs")).FullName;
        environment = new()
        {
            ["HOME"] = home,
            ["USERPROFILE"] = home,
            ["APPDATA"] = At("roaming"),
            ["LOCALAPPDATA"] = At("local"),
            ["XDG_DATA_HOME"] = At("data"),
            ["JUPYTER_DATA_DIR"] = null,
            ["JUPYTER_PATH"] = null,
            ["VIRTUAL_ENV"] = null,
            ["CONDA_PREFIX"] = null,
            // Python must not be found here, wherever the tests run.
            ["PATH"] = noPrograms,
            ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")),
        };
    }

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Fact]
    public void An_installation_is_a_kernelspec_that_starts_this_executable()
    {
        environment["JUPYTER_DATA_DIR"] = At("jupyter");

        Succeeds("install", "--display-name", "C# of mine");

        var spec = Spec("jupyter/kernels/csharp");
        Assert.Equal([KernelExecutable.Path, "kernel", "--connection-file", "{connection_file}"], spec["argv"]!.Values<string>());
        Assert.Equal("C# of mine", (string?)spec["display_name"]);
        Assert.Equal("csharp", (string?)spec["language"]);
        Assert.Equal("message", (string?)spec["interrupt_mode"]);
        Assert.Equal("5.5", (string?)spec["kernel_protocol_version"]);
        Assert.False((bool)spec["metadata"]!["debugger"]!);
        Assert.Equal(
            ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"],
            Directory.GetFiles(At("jupyter/kernels/csharp")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_user_directory_is_the_default_and_is_the_one_that_Jupyter_searches()
    {
        Succeeds("install");

        var data = OperatingSystem.IsWindows() ? "roaming/jupyter" : OperatingSystem.IsMacOS() ? "Library/Jupyter" : "data/jupyter";
        Assert.True(File.Exists(At($"{data}/kernels/csharp/kernel.json")));
    }

    [Fact]
    public void Notebooks_of_dotnet_interactive_find_the_kernel_by_its_alias()
    {
        Succeeds("install", "--prefix", At("p"));

        var alias = Spec("p/share/jupyter/kernels/.net-csharp");
        Assert.Equal(".NET (C#)", (string?)alias["display_name"]);
        Assert.Equal(Spec("p/share/jupyter/kernels/csharp")["argv"], alias["argv"]);
    }

    [Fact]
    public void The_default_alias_leaves_a_name_to_the_kernel_that_has_it_anywhere_on_the_Jupyter_path()
    {
        // Jupyter does not distinguish upper and lower case.
        var other = Foreign("elsewhere/kernels/.NET-csharp");
        environment["JUPYTER_PATH"] = At("nothing-here") + Path.PathSeparator + At("elsewhere");

        var output = Succeeds("install", "--prefix", At("p"));

        Assert.Contains(other, output, StringComparison.Ordinal);
        Assert.Equal(["csharp"], Kernels("p"));
        Assert.Equal(ForeignSpec, File.ReadAllText(Path.Combine(other, "kernel.json")));
    }

    [Fact]
    public void The_default_alias_leaves_a_name_to_the_kernel_of_the_active_environment()
    {
        Foreign("venv/share/jupyter/kernels/.net-csharp");
        environment["VIRTUAL_ENV"] = At("venv");

        Succeeds("install", "--prefix", At("p"));

        Assert.Equal(["csharp"], Kernels("p"));
    }

    [Fact]
    public void An_alias_that_is_asked_for_may_stand_in_for_a_kernel_elsewhere()
    {
        Foreign("elsewhere/kernels/.net-csharp");
        environment["JUPYTER_PATH"] = At("elsewhere");

        Succeeds("install", "--prefix", At("p"), "--alias", ".net-csharp");

        Assert.Equal([".net-csharp", "csharp"], Kernels("p"));
    }

    [Theory]
    [InlineData("--alias")]
    [InlineData("--name")]
    public void A_kernelspec_of_another_program_is_never_written_over(string option)
    {
        var other = Foreign("p/share/jupyter/kernels/taken");

        var error = Fails("install", "--prefix", At("p"), option, "taken");

        Assert.Contains(other, error, StringComparison.Ordinal);
        Assert.Equal(["taken"], Kernels("p"));
        Assert.Equal(ForeignSpec, File.ReadAllText(Path.Combine(other, "kernel.json")));
    }

    [Fact]
    public void A_kernelspec_that_cannot_be_read_counts_as_one_of_another_program()
    {
        Foreign("p/share/jupyter/kernels/csharp", "{ this is not JSON");

        Fails("install", "--prefix", At("p"));

        Assert.Equal(["csharp"], Kernels("p"));
    }

    [Fact]
    public void Installing_again_updates_the_kernel_and_the_aliases_that_it_has()
    {
        Succeeds("install", "--prefix", At("p"), "--alias", "mine");
        File.WriteAllText(At("p/share/jupyter/kernels/mine/logo-svg.svg"), "old");

        Succeeds("install", "--prefix", At("p"), "--display-name", "C# again");

        Assert.Equal([".net-csharp", "csharp", "mine"], Kernels("p"));
        Assert.Equal("C# again", (string?)Spec("p/share/jupyter/kernels/csharp")["display_name"]);
        Assert.NotEqual("old", File.ReadAllText(At("p/share/jupyter/kernels/mine/logo-svg.svg")));
    }

    [Fact]
    public void No_alias_takes_the_aliases_of_this_kernel_away()
    {
        Succeeds("install", "--prefix", At("p"), "--name", "other", "--alias", "other-alias");
        Succeeds("install", "--prefix", At("p"), "--alias", "mine");

        Succeeds("install", "--prefix", At("p"), "--no-alias");

        Assert.DoesNotContain("mine", Kernels("p"));
        Assert.Contains("other-alias", Kernels("p"));
    }

    [Fact]
    public void Uninstalling_removes_the_kernel_and_its_aliases_and_nothing_else()
    {
        Foreign("p/share/jupyter/kernels/python3");
        Succeeds("install", "--prefix", At("p"));
        Succeeds("install", "--prefix", At("p"), "--name", "second", "--no-alias");

        Succeeds("uninstall", "--prefix", At("p"));

        Assert.Equal(["python3", "second"], Kernels("p"));
    }

    [Fact]
    public void The_extension_of_JupyterLab_comes_with_the_first_kernel_and_goes_with_the_last()
    {
        var extension = At("p/share/jupyter/labextensions/jupyter-csharp");
        Succeeds("install", "--prefix", At("p"));
        Succeeds("install", "--prefix", At("p"), "--name", "second");

        var package = JObject.Parse(File.ReadAllText(Path.Combine(extension, "package.json")));
        var script = Assert.Single(Directory.GetFiles(Path.Combine(extension, "static")));
        Assert.Equal($"static/{Path.GetFileName(script)}", (string?)package["jupyterlab"]!["_build"]!["load"]);
        Assert.Equal("./extension", (string?)package["jupyterlab"]!["_build"]!["extension"]);
        Succeeds("uninstall", "--prefix", At("p"));
        Assert.True(Directory.Exists(extension));
        Succeeds("uninstall", "--prefix", At("p"), "--name", "second");
        Assert.False(Directory.Exists(extension));
    }

    [Fact]
    public void An_extension_of_another_program_is_left_as_it_is()
    {
        var package = Path.Combine(Directory.CreateDirectory(At("p/share/jupyter/labextensions/jupyter-csharp")).FullName, "package.json");
        File.WriteAllText(package, "{}");

        Succeeds("install", "--prefix", At("p"));
        Succeeds("uninstall", "--prefix", At("p"));

        Assert.Equal("{}", File.ReadAllText(package));
    }

    [Fact]
    public void Uninstalling_refuses_to_remove_the_kernelspec_of_another_program()
    {
        Foreign("p/share/jupyter/kernels/csharp");

        Fails("uninstall", "--prefix", At("p"));

        Assert.Equal(["csharp"], Kernels("p"));
    }

    [Fact]
    public void Uninstalling_a_missing_kernel_reports_the_searched_places() =>
        Assert.Contains(At("p"), Fails("uninstall", "--prefix", At("p")), StringComparison.Ordinal);

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("../escaped")]
    [InlineData("two words")]
    [InlineData("")]
    [InlineData("dot.")]
    [InlineData("line\n")]
    [InlineData("é")]
    public void Invalid_kernel_names_are_rejected(string name)
    {
        Assert.Contains("is not a valid kernel name", Fails("install", "--prefix", At("p"), "--name", name), StringComparison.Ordinal);
        Assert.Contains("is not a valid kernel name", Fails("install", "--prefix", At("p"), "--alias", name), StringComparison.Ordinal);
        Assert.Contains("is not a valid kernel name", Fails("uninstall", "--prefix", At("p"), "--name", name),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("p")));
    }

    [Fact]
    public void A_place_that_cannot_be_written_to_is_one_line_of_error()
    {
        File.WriteAllText(At("a-file"), "");

        Assert.Contains("--prefix DIR", Fails("install", "--prefix", At("a-file")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_without_write_permission_is_one_line_of_error()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions");
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root may write everywhere");
        var readOnly = Directory.CreateDirectory(At("read-only")).FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(readOnly, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Assert.Contains("can write to", Fails("install", "--prefix", readOnly), StringComparison.Ordinal);
    }

    [Fact]
    public void Locations_cannot_be_combined()
    {
        Fails("install", "--user", "--prefix", At("p"));
        Fails("install", "--sys-prefix", "--prefix", At("p"));
        Fails("uninstall", "--user", "--sys-prefix");
        Assert.False(Directory.Exists(At("p")));
    }

    [Fact]
    public void The_environment_is_the_active_virtual_environment_before_that_of_Conda()
    {
        environment["VIRTUAL_ENV"] = At("venv");
        environment["CONDA_PREFIX"] = At("conda");
        Succeeds("install", "--sys-prefix");
        environment["VIRTUAL_ENV"] = null;
        Succeeds("install", "--sys-prefix", "--name", "in-conda", "--no-alias");

        Assert.Contains("csharp", Kernels("venv"));
        Assert.Equal(["in-conda"], Kernels("conda"));
    }

    [Fact]
    public void Without_an_active_environment_the_Python_on_the_path_determines_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the Python of this test is a shell script");
        Script("broken/python3", "echo 'python3: not here' >&2; exit 127");
        Script("working/python", $"echo '{Directory.CreateDirectory(At("python")).FullName}'");
        environment["PATH"] = $"{At("broken")}:{At("working")}";

        Succeeds("install", "--sys-prefix");

        Assert.Contains("csharp", Kernels("python"));
    }

    [Fact]
    public void Without_any_environment_the_error_suggests_an_action() =>
        Assert.Contains("Activate one", Fails("install", "--sys-prefix"), StringComparison.Ordinal);

    [Fact]
    public void A_copy_runs_without_the_folder_that_it_was_made_from_and_goes_with_its_last_kernelspec()
    {
        Succeeds("install", "--copy", "--prefix", At("one"), "--no-alias");
        var copy = Program("one");
        Assert.StartsWith(home, copy, StringComparison.Ordinal);

        // The copy installs itself a second time, without being copied again.
        Assert.Equal(0, Run(copy, "install", "--copy", "--prefix", At("two"), "--no-alias").ExitCode);
        Assert.Equal(copy, Program("two"));

        Succeeds("uninstall", "--prefix", At("one"));
        Assert.True(File.Exists(copy));

        Succeeds("uninstall", "--prefix", At("two"));
        Assert.False(Directory.Exists(Path.GetDirectoryName(copy)));
    }

    [Fact]
    public void A_new_copy_takes_the_place_of_the_old_one_unless_that_is_in_use()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a shell stands in for a kernel that runs");
        var copies = Path.Combine(OperatingSystem.IsMacOS() ? At("Library/Application Support") : At("data"), "jupyter-csharp");
        var unused = OldCopy("0.0.1-unused");
        var running = OldCopy("0.0.2-running");
        using var kernel = Process.Start(new ProcessStartInfo(running) { RedirectStandardInput = true })!;
        try
        {
            Succeeds("install", "--copy", "--prefix", At("p"));
        }
        finally
        {
            kernel.Kill();
            kernel.WaitForExit();
        }

        Assert.False(File.Exists(unused));
        Assert.True(File.Exists(running));

        Succeeds("install", "--copy", "--prefix", At("p"));
        Assert.False(File.Exists(running));
        Assert.Equal([Path.GetDirectoryName(Program("p"))], Directory.GetDirectories(copies));

        string OldCopy(string name)
        {
            var directory = Directory.CreateDirectory(Path.Combine(copies, name)).FullName;
            File.WriteAllText(Path.Combine(directory, "kernelspecs.txt"), At("gone/share/jupyter/kernels/csharp") + "\n");
            var executable = Path.Combine(directory, "jupyter-csharp");
            File.Copy("/bin/cat", executable);
            return executable;
        }
    }

    [Fact]
    public void A_copy_is_linked_for_the_jupyter_command_and_unlinked_with_the_last_kernelspec()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no link on Windows");
        var link = At(".local/bin/jupyter-csharp");

        Assert.Contains("on your PATH", Succeeds("install", "--copy"), StringComparison.Ordinal);
        var version = Run(link, "--version");
        Assert.Equal(0, version.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", version.Output);

        // The program removes the folder that it runs from, and still exits with success.
        Assert.Equal((0, ""), Run(link, "uninstall") is var end ? (end.ExitCode, end.Error) : default);
        Assert.Null(new FileInfo(link).LinkTarget);
    }

    [Fact]
    public void A_command_of_another_program_is_not_replaced_by_the_link()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no link on Windows");
        Script(".local/bin/jupyter-csharp", "exit 0");

        Assert.Contains("was not replaced", Succeeds("install", "--copy"), StringComparison.Ordinal);

        Assert.Equal("#!/bin/sh\nexit 0\n", File.ReadAllText(At(".local/bin/jupyter-csharp")));
    }

    private string At(string path) => Path.Combine([home, .. path.Split('/')]);

    private JObject Spec(string directory) => JObject.Parse(File.ReadAllText(Path.Combine(At(directory), "kernel.json")));

    private string Program(string prefix) => (string)Spec($"{prefix}/share/jupyter/kernels/csharp")["argv"]![0]!;

    private IEnumerable<string?> Kernels(string prefix) =>
        Directory.GetDirectories(At($"{prefix}/share/jupyter/kernels")).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private string Foreign(string directory, string content = ForeignSpec)
    {
        var path = Directory.CreateDirectory(At(directory)).FullName;
        File.WriteAllText(Path.Combine(path, "kernel.json"), content);
        return path;
    }

    private void Script(string path, string command)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), $"#!/bin/sh\n{command}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At(path), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private string Succeeds(params string[] arguments)
    {
        var (exitCode, output, error) = Run(KernelExecutable.Path, arguments);
        Assert.Equal((0, ""), (exitCode, error));
        return output;
    }

    /// <summary>Every failure gives exit code 1 and one line, without a stack trace.</summary>
    private string Fails(params string[] arguments)
    {
        var (exitCode, _, error) = Run(KernelExecutable.Path, arguments);
        Assert.Equal(1, exitCode);
        Assert.StartsWith("jupyter-csharp: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        return error;
    }

    private (int ExitCode, string Output, string Error) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
