"""Tests the installers and the tool packages as a user runs them, in a copy of the sources. They build, and take a minute or two."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import pexpect
import psutil

from kernels import DEADLINE, gone_or_left

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
TOUR = os.path.join("samples", "tour.ipynb")
BUILD = 600
SYSTEM = "linux-x64"


def copy_of_sources():
    """A folder with all files that the version control knows or would take."""
    folder = os.path.join(tempfile.mkdtemp(), "jupyter kernel")  # with a space, as many folders on Windows have
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for file in filter(None, files.stdout.split("\0")):
        if os.path.exists(os.path.join(REPOSITORY, file)):
            os.makedirs(os.path.dirname(os.path.join(folder, file)), exist_ok=True)
            shutil.copy(os.path.join(REPOSITORY, file), os.path.join(folder, file))
    return folder


def run(*command, cwd=None, **options):
    """Runs a command; returns its output, and fails with it."""
    ended = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=BUILD, **options)
    if ended.returncode:
        raise AssertionError(f"{command} ended with {ended.returncode}: {ended.stdout[-3000:]}")
    return ended.stdout


def installed(prefix):
    """The command of the kernel that was installed there, and its environment."""
    with open(os.path.join(prefix, "share", "jupyter", "kernels", "csharp", "kernel.json")) as file:
        spec = json.load(file)
    return spec["argv"], {**os.environ, **spec.get("env", {})}


def tour(prefix, cwd):
    """Runs the tour with the installed program; returns its output."""
    argv, environment = installed(prefix)
    return run(argv[0], "run", os.path.join(REPOSITORY, TOUR), "--output", os.path.join(cwd, "tour.ipynb"), env=environment)


def processes_of(folder):
    return [process for process in psutil.process_iter(["cmdline"]) if any(folder in part for part in process.info["cmdline"] or ())]


@unittest.skipUnless(sys.platform.startswith("linux"), "the installers are tested on Linux")
class Installers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sources = copy_of_sources()
        cls.prefix = tempfile.mkdtemp()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(os.path.dirname(cls.sources))

    def test_1_the_kernel_works_if_the_native_build_is_stopped(self):
        # A shell cannot set a trap for a signal that it inherits as ignored, as from `&` in a script.
        terminal = pexpect.spawn("./install.sh", ["--prefix", self.prefix], cwd=self.sources, timeout=BUILD, encoding="utf-8", dimensions=(24, 200),
                                 preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        terminal.expect("Kernel: csharp")
        terminal.expect(r"Building the native program \(three to eight minutes\)\.\.\.  0:0[1-9]")
        terminal.sendintr()
        terminal.expect("Stopped. The kernel is installed and works")
        terminal.expect(pexpect.EOF)
        terminal.close()
        self.assertEqual(terminal.exitstatus, 130)
        self.assertEqual(gone_or_left(processes_of(self.sources)), [], "the compilers end too")
        self.assertIn("\n42\n", tour(self.prefix, self.sources))

    def test_2_the_installer_for_powershell_installs_a_kernel_that_works(self):
        tools = tempfile.mkdtemp()
        try:
            config = ["--configfile", os.environ["RestoreConfigFile"]] if "RestoreConfigFile" in os.environ else []
            run("dotnet", "tool", "install", "PowerShell", "--version", "7.6.9", "--tool-path", tools, *config)
        except AssertionError as unreachable:
            self.skipTest(f"PowerShell cannot be installed: {unreachable}")
        prefix = tempfile.mkdtemp()
        said = run(os.path.join(tools, "pwsh"), "-NoProfile", "-File", "install.ps1", "--fast", "--prefix", prefix, "--run", TOUR, cwd=self.sources)
        self.assertIn("\n42\n", said)
        self.assertIn("\n42\n", tour(prefix, self.sources))

    def test_3_a_missing_notebook_is_reported(self):
        ended = subprocess.run(["./install.sh", "--run"], cwd=self.sources, capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual((ended.returncode, ended.stderr), (1, "install.sh: --run needs a notebook: ./install.sh --run samples/tour.ipynb\n"))


@unittest.skipUnless(os.path.exists(os.path.join(REPOSITORY, "artifacts", "native", "jupyter-csharp")), "needs the native build of ./install.sh")
class ToolPackages(unittest.TestCase):
    """Packs what ./install.sh has built."""

    @classmethod
    def setUpClass(cls):
        cls.feed, cls.home = tempfile.mkdtemp(), tempfile.mkdtemp()
        systems = [SYSTEM, "any"] if os.environ.get("TEST_ALL") == "true" else [SYSTEM]
        cls.names = ["JupyterKernel", *(f"JupyterKernel.{system}" for system in systems)]
        pack = ["dotnet", "pack", os.path.join("src", "JupyterKernel"), "--configuration", "Release", "-p:RunAnalyzers=false", "--artifacts-path",
                os.path.join("artifacts", "publish-build"), "--output", cls.feed, f'-p:ToolPackageRuntimeIdentifiers="{";".join(systems)}"']
        run(*pack, "--no-build", "-p:PublishAot=true", cwd=REPOSITORY)
        # What ./install.sh has built is packed as it is, because the native compiler takes minutes.
        native = os.path.join(REPOSITORY, "artifacts", "native", "")
        run(*pack, "--no-build", "-p:PublishAot=true", "--runtime", SYSTEM, "-p:PublishDir=" + native, "-p:_PackToolPublishDependency=", cwd=REPOSITORY)
        if "any" in systems:
            run(*pack, "--runtime", "any", cwd=REPOSITORY)
        # Packages are installed from there and nowhere else.
        cls.environment = {**os.environ, "HOME": cls.home, "NUGET_PACKAGES": os.path.join(cls.home, "packages"), "DOTNET_CLI_HOME": cls.home}
        cls.environment.pop("RestoreConfigFile", None)

    def install(self, *options):
        tools = tempfile.mkdtemp()
        run("dotnet", "tool", "install", "JupyterKernel", "--tool-path", tools, "--source", self.feed, "--no-http-cache", *options, cwd=self.home, env=self.environment)
        return os.path.join(tools, "jupyter-csharp")

    def test_there_is_one_for_each_system_and_one_that_refers_to_them(self):
        names = [re.sub(r"\.\d+\.\d+\.\d+.*", "", os.path.basename(file)) for file in glob.glob(os.path.join(self.feed, "*.nupkg"))]
        self.assertEqual(sorted(names), sorted(self.names))

    def test_the_installed_tool_is_the_native_kernel_and_works(self):
        start = time.monotonic()
        program = self.install()
        prefix = tempfile.mkdtemp()
        run(program, "install", "--prefix", prefix, env=self.environment)
        self.assertIn("\n42\n", tour(prefix, self.home))
        print(f"the tool was installed, and ran the tour, in {time.monotonic() - start:.1f} s", file=sys.stderr)
        self.assertTrue(glob.glob(os.path.join(os.path.dirname(program), ".store", "**", "worker", "jupyter-csharp-worker.dll"), recursive=True))
        self.assertEqual(glob.glob(os.path.join(os.path.dirname(program), ".store", "**", "jupyter-csharp.dll"), recursive=True), [])

    def test_it_runs_without_being_installed(self):
        said = run("dotnet", "tool", "exec", "JupyterKernel", "--source", self.feed, "--yes", "--", "--version", cwd=self.home, env=self.environment)
        self.assertRegex(said, r"\d+\.\d+\.\d+")
