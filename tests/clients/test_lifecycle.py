"""Tests how kernels start and end, and that no processes or files of them are left."""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

import psutil
import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from zmq.utils.monitor import recv_monitor_message

from kernels import DEADLINE, KERNEL_NAME, FrontEnd, FreshKernelTestCase, Kernel, KernelTestCase, gone_or_left, is_for, runs

ENDLESS = 'Console.WriteLine("ready"); while (true) { try { Thread.Sleep(-1); } catch { } }'

# Starts a child, one that ignores SIGTERM, one with a session of its own and one whose parent has ended; shows their ids.
CHILDREN = """
using System.Diagnostics;
int[] Start(string script) => Process.Start(new ProcessStartInfo("sh") { ArgumentList = { "-c", script }, RedirectStandardOutput = true }) is var shell
    ? [shell.Id, .. script.Contains("$!") ? [int.Parse(shell.StandardOutput.ReadLine())] : Array.Empty<int>()] : [];
int[] ids = [.. Start("exec sleep 1000"), .. Start("trap '' TERM; sleep 1000 & echo $!; while :; do wait; done"), .. Start("exec setsid sleep 1000"), .. Start("sleep 1000 & echo $!")];
"""

# Starts a kernel, reports it, and waits to be killed.
PARENT = """
import json, sys, time
from jupyter_client.manager import KernelManager
manager = KernelManager(kernel_name=sys.argv[1])
manager.start_kernel()
connection = {**manager.get_connection_info(), "key": manager.session.key.decode(), "pid": manager.provisioner.pid}
print(json.dumps(connection), flush=True)
time.sleep(3600)
"""

# A launcher that does not name itself: the command in argv is run, and the kernel's process id printed.
FRONT_END = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(3600)"
LAUNCHERS = {
    "ends at once": "import subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True)",
    "setsid": "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:], start_new_session=True).pid, flush=True); time.sleep(3600)",
    "nohup": "import subprocess, sys, time; print(subprocess.Popen(['nohup', *sys.argv[1:]]).pid, flush=True); time.sleep(3600)",
    "a shell's &": """import os, sys; os.execvp('sh', ['sh', '-c', '"$@" & echo $!; sleep 3600', 'sh', *sys.argv[1:]])""",
    "a daemon's two forks": """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        os.execv(sys.argv[1], sys.argv[1:])
    os._exit(0)
time.sleep(3600)
""",
}


def connection_file(**changes):
    """A connection file with the given members in place of the usual ones, or with the given text; returns its path and its content."""
    path, connection = write_connection_file(os.path.join(tempfile.mkdtemp(), "kernel.json"), key=b"secret", kernel_name=KERNEL_NAME)
    connection.update(changes)
    with open(path, "w") as file:
        file.write(json.dumps({**connection, "key": connection["key"]}))
    return path, {**connection, "key": connection["key"].encode()}


def dotnet_root():
    """The folder of the .NET installation."""
    return os.path.dirname(os.path.realpath(shutil.which("dotnet")))


def command(file, *arguments):
    """The command with which Jupyter starts the kernel, and its environment."""
    spec = KernelSpecManager().get_kernel_spec(KERNEL_NAME)
    environment = {**os.environ, **spec.env}
    environment.pop("JPY_PARENT_PID", None)
    return [file if part == "{connection_file}" else part for part in spec.argv] + list(arguments), environment


class Ending(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        pass  # every test here ends its own kernel

    def start_kernel(self, **options):
        kernel = Kernel(**options)
        self.addCleanup(kernel.close)
        return kernel

    def worker(self, front_end):
        return psutil.Process(int(front_end.run("Environment.ProcessId").result))

    def test_shutdown_ends_the_kernel_and_its_workers(self):
        for channel, restart in (("control", False), ("control", True), ("shell", False), ("shell", True)):
            with self.subTest(channel=channel, restart=restart):
                kernel = self.start_kernel()
                kernel.front_end.run("1")
                family = kernel.family()
                self.assertGreaterEqual(len(family), 2)
                reply = kernel.front_end.ask("shutdown_request", {"restart": restart}, channel)
                self.assertEqual(reply, {"status": "ok", "restart": restart})
                self.assertEqual(gone_or_left(family), [])

    def test_shutdown_ends_a_kernel_whose_cell_never_ends(self):
        kernel = self.start_kernel()
        cell = kernel.front_end.start(ENDLESS)
        kernel.front_end.wait_for_output(cell, "ready")
        family = kernel.family()
        self.assertEqual(kernel.front_end.ask("shutdown_request", {"restart": False}, "control")["status"], "ok")
        self.assertEqual(gone_or_left(family), [])

    def test_a_restart_by_the_kernel_manager_starts_afresh(self):
        kernel = self.start_kernel()
        kernel.front_end.run("var x = 1;")
        before = kernel.family()
        for now in (False, True):
            kernel.manager.restart_kernel(now=now)
            kernel.process = psutil.Process(kernel.manager.provisioner.pid)
            front_end = kernel.connect()
            self.assertEqual(front_end.run("x").error["ename"], "CompileError")
            outcome = front_end.run("var x = 2; x")
            self.assertEqual((outcome.result, outcome.reply["execution_count"]), ("2", 2))
            self.assertEqual(gone_or_left(before), [])
            before = kernel.family()

    def test_sigterm_ends_the_kernel_and_its_workers(self):
        kernel = self.start_kernel()
        kernel.front_end.run("1")
        family = kernel.family()
        kernel.process.terminate()
        self.assertEqual(gone_or_left(family), [])

    def test_the_workers_end_when_the_kernel_is_killed(self):
        for code in ("1", ENDLESS):
            with self.subTest(code):
                kernel = self.start_kernel()
                worker = self.worker(kernel.front_end)
                cell = kernel.front_end.start(code)
                kernel.front_end.wait_for_published(lambda m: m["msg_type"] == "execute_input")
                family = kernel.family()
                self.assertIn(worker, family)
                kernel.process.kill()
                self.assertEqual(gone_or_left(family), [])

    def test_the_kernel_ends_when_its_parent_does(self):
        for code in ("1", ENDLESS):
            with self.subTest(code):
                parent = subprocess.Popen([sys.executable, "-c", PARENT, KERNEL_NAME], stdout=subprocess.PIPE)
                self.addCleanup(parent.stdout.close)
                self.addCleanup(parent.kill)
                connection = json.loads(parent.stdout.readline())
                front_end = FrontEnd({**connection, "key": connection["key"].encode()})
                self.addCleanup(front_end.close)
                worker = self.worker(front_end)
                front_end.start(code)
                family = [psutil.Process(connection["pid"]), worker]
                os.kill(parent.pid, signal.SIGKILL)
                parent.wait(DEADLINE)
                self.assertEqual(gone_or_left(family), [])

    def start_unnamed(self, launcher):
        """Starts a kernel without JPY_PARENT_PID and ends its parent; returns the kernel's process, its connection and its log."""
        file, connection = connection_file()
        argv, environment = command(file)
        log = tempfile.TemporaryFile()
        self.addCleanup(log.close)
        parent = subprocess.Popen([sys.executable, "-c", launcher, *argv], stdout=subprocess.PIPE, stderr=log, env=environment,
                                  preexec_fn=None if os.name == "nt" else hear_signals)
        self.addCleanup(parent.stdout.close)
        self.addCleanup(parent.kill)
        kernel = psutil.Process(int(parent.stdout.readline()))
        self.addCleanup(lambda: runs(kernel) and kernel.kill())
        front_end = FrontEnd(connection)
        self.addCleanup(front_end.close)
        parent.kill()
        parent.wait(DEADLINE)
        return kernel, front_end, log

    @unittest.skipIf(os.name == "nt", "front ends on Windows end their children")
    def test_the_kernel_ends_with_an_unnamed_front_end_and_reports_the_reason(self):
        kernel, _, log = self.start_unnamed(FRONT_END)
        self.assertEqual(gone_or_left([kernel]), [])
        log.seek(0)
        self.assertIn("which started this kernel, has ended", log.read().decode())

    @unittest.skipIf(os.name == "nt", "these launchers are of Unix")
    def test_a_kernel_started_to_outlive_its_launcher_does(self):
        started = {name: self.start_unnamed(launcher) for name, launcher in LAUNCHERS.items()}
        time.sleep(2.5)  # two looks at the parent
        for name, (kernel, front_end, _) in started.items():
            with self.subTest(name):
                self.assertEqual(front_end.ask("kernel_info_request")["status"], "ok")
                self.assertTrue(runs(kernel))

    def test_a_parent_that_cannot_be_seen_does_not_end_the_kernel(self):
        namespace = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
        if not sys.platform.startswith("linux") or subprocess.run([*namespace, "true"], capture_output=True).returncode:
            self.skipTest("needs a PID namespace")
        file, connection = connection_file()
        argv, environment = command(file)
        log = tempfile.TemporaryFile()
        self.addCleanup(log.close)
        process = subprocess.Popen([*namespace, *argv], stderr=log, env={**environment, "JPY_PARENT_PID": str(os.getpid())})
        self.addCleanup(process.wait, DEADLINE)
        self.addCleanup(process.kill)
        front_end = FrontEnd(connection)
        self.addCleanup(front_end.close)
        time.sleep(2.5)  # two looks at the parent
        self.assert_alive(front_end)
        log.seek(0)
        self.assertIn("named by JPY_PARENT_PID, was not found", log.read().decode())


class Starting(KernelTestCase):
    """Tests the kernel's arguments and files, and its errors if it cannot run with them."""

    @classmethod
    def setUpClass(cls):
        pass

    def assert_refused(self, reason, file, within=(), **options):
        """Asserts that the kernel ends with exit code 1 and one line that contains the reason."""
        argv, environment = command(file)
        ended = subprocess.run([*within, *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, env=environment, **options)
        self.assertEqual((ended.returncode, ended.stdout), (1, ""), ended.stderr)
        self.assertEqual(len(ended.stderr.splitlines()), 1, ended.stderr)
        self.assertTrue(ended.stderr.startswith("jupyter-csharp: "), ended.stderr)
        self.assertIn(reason, ended.stderr)

    def test_a_connection_file_that_cannot_be_used_is_one_line_of_error(self):
        cases = [
            ({"shell_port": 70000}, "70000 is not a valid value for shell_port"),
            ({"ip": "203.0.113.7"}, "does not belong to this machine"),
            ({"ip": "no.such.host.invalid"}, "Cannot listen on tcp://no.such.host.invalid:"),
            ({"signature_scheme": "hmac-whirlpool"}, "'hmac-whirlpool' is not a signature scheme of this kernel"),
            ({"transport": "ipc", "ip": "/" + "x" * 120}, "the system allows 10"),
            ({"transport": "ipc", "ip": "/no/such/folder/x"}, "/no/such/folder/x"),
        ]
        for changes, reason in cases:
            with self.subTest(reason):
                self.assert_refused(reason, connection_file(**changes)[0])

    def test_an_invalid_connection_file_is_one_line_of_error(self):
        folder = tempfile.mkdtemp()
        with open(os.path.join(folder, "text"), "w") as file:
            file.write("hello")
        self.assert_refused("is not a connection file", file.name)
        self.assert_refused("is a folder, not a connection file", folder)
        self.assert_refused("Could not find file", os.path.join(folder, "missing"))

    @unittest.skipIf(os.name == "nt", "Windows keeps a folder that is in use")
    def test_a_working_folder_that_is_gone_is_one_line_of_error(self):
        folder = tempfile.mkdtemp()

        def leave():
            os.chdir(folder)
            os.rmdir(folder)

        self.assert_refused("The working folder does not exist", connection_file()[0], preexec_fn=leave)

    @unittest.skipUnless(sys.platform.startswith("linux"), "limits of Linux")
    def test_limits_that_are_too_low_are_one_line_of_error(self):
        import resource
        gib = 1 << 30
        for name, limit, reason in (resource.RLIMIT_NOFILE, 32, "The limit of open files is 32"), (resource.RLIMIT_NOFILE, 128, "The limit of open files is 128"), \
                                   (resource.RLIMIT_AS, 3 * gib, "The limit of address space is 3072 MB"):
            self.assert_refused(reason, connection_file()[0], preexec_fn=lambda: resource.setrlimit(name, (limit, limit)))

    def without(self, folder):
        """The command that runs another with an empty folder in place of this one."""
        namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'mount -t tmpfs none {folder} && exec "$@"', "sh"]
        if not sys.platform.startswith("linux") or subprocess.run([*namespace, "true"], capture_output=True).returncode:
            self.skipTest("needs a mount namespace")
        return namespace

    def test_a_missing_random_source_is_one_line_of_error(self):
        self.assert_refused("Check that this user can read /dev/urandom", connection_file()[0], within=self.without("/dev"))

    def test_a_missing_framework_is_one_line_of_error(self):
        argv, _ = command("")
        if os.path.exists(argv[0] + ".dll"):
            self.skipTest("a managed program does not start without it")
        self.assert_refused("The .NET 10 runtime, which runs the cells, was not found", connection_file()[0], within=self.without(dotnet_root()))

    def test_messages_are_signed_with_the_hash_of_the_connection_file(self):
        file, connection = connection_file(signature_scheme="hmac-sha512")
        argv, environment = command(file)
        with subprocess.Popen(argv, env=environment) as process:
            front_end = FrontEnd(connection)
            self.addCleanup(front_end.close)
            self.assertEqual(front_end.ask("shutdown_request", {"restart": False}, "control")["status"], "ok")
            self.assertEqual(process.wait(DEADLINE), 0)

    def test_ports_that_are_left_open_are_chosen_and_written_into_the_connection_file(self):
        file, connection = connection_file(**{f"{name}_port": 0 for name in ("shell", "iopub", "stdin", "control", "hb")}, more="kept")
        argv, environment = command(file)
        with subprocess.Popen(argv, env=environment) as process:
            self.addCleanup(process.kill)
            end = time.monotonic() + DEADLINE
            while not connection["shell_port"] and time.monotonic() < end:
                time.sleep(0.05)
                with open(file) as chosen:
                    text = chosen.read()
                connection = {**json.loads(text), "key": b"secret"} if text.endswith("}") else connection
            self.assertEqual(connection["more"], "kept")
            front_end = FrontEnd(connection)
            self.addCleanup(front_end.close)
            self.assertEqual(front_end.ask("shutdown_request", {"restart": False}, "control")["status"], "ok")

    def test_unknown_arguments_are_logged_and_ignored(self):
        unknown = ["cells.cs", "--debug", "--log-level=10", "--Session.debug=True", "-f", "other.json", "@file", "-x"]
        file, connection = connection_file()
        argv, environment = command(file, *unknown)
        with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True) as process:
            front_end = FrontEnd(connection)
            self.addCleanup(front_end.close)
            self.assert_alive(front_end)
            front_end.ask("shutdown_request", {"restart": False}, "control")
            log = process.stderr.read()
        for argument in unknown:
            if argument != "-f":
                self.assertIn(argument, log)

    def test_the_help_has_a_line_for_each_setting(self):
        for name in "kernel", "install":
            argv, environment = command("")
            text = subprocess.run([*argv[:argv.index("kernel")], name, "--help"], capture_output=True, text=True, env=environment, timeout=DEADLINE).stdout
            lines = [line.split()[0] for line in text.splitlines() if line.strip()]
            for setting in "memory-threshold", "replay", "nullable":
                self.assertIn(setting, lines)
            self.assertLess(max(map(len, text.splitlines())), 200)


@unittest.skipIf(sys.platform == "win32", "the shell's children are started")
class Log(unittest.TestCase):
    def test_it_shows_messages_and_the_life_of_workers_where_that_is_set(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "kernel.log")
            settings = {"JUPYTER_CSHARP_LOG": "messages", "JUPYTER_CSHARP_LOG_FILE": file}
            with mock.patch.dict(os.environ, settings), Kernel() as kernel:
                kernel.front_end.run('var secret = "open sesame";')
                kernel.front_end.run('Environment.FailFast("");')
                self.assertEqual(kernel.front_end.run("secret.Length").result, "11")
                key = kernel.front_end.session.key.decode()
                log = open(file).read()
                for words in ("messages: shell received execute_request", "messages: iopub sends status", "messages: pair sends RunCell",
                              "messages: pair received CellReturned", "workers: ", " serves", " ended with exit code 134", " replayed "):
                    self.assertIn(words, log)
                for secret in (key, "sesame"):
                    self.assertNotIn(secret, log)
                kernel.front_end.run("#!settings log problems")
                length = os.path.getsize(file)
                kernel.front_end.run("1")
                self.assertLess(os.path.getsize(file) - length, 1000)
                self.assertNotIn(b"messages:", kernel.log)

    def test_a_worker_waits_for_a_debugger_where_that_is_set(self):
        with tempfile.NamedTemporaryFile("r") as log, \
                mock.patch.dict(os.environ, {"JUPYTER_CSHARP_DEBUG_WORKER": "on", "JUPYTER_CSHARP_LOG_FILE": log.name}), Kernel() as kernel:
            end = time.monotonic() + DEADLINE
            while not (waits := re.search(r"process id (\d+) waits for a debugger", open(log.name).read())):
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            worker = psutil.Process(int(waits[1]))
            self.assertIn("worker", " ".join(worker.cmdline()))

            # An interrupt that comes while the cell is compiled leaves the worker alone.
            while runs(worker):
                self.assertLess(time.monotonic(), end)
                cell = kernel.front_end.start("1 + 1")
                kernel.front_end.wait_for_published(lambda m: is_for(m, cell) and m["msg_type"] == "execute_input")
                kernel.front_end.interrupt()
                self.assertEqual(kernel.front_end.finish(cell).error["ename"], "Interrupted")
            kernel.front_end.run("#!settings debug-worker off")
            self.assertEqual(kernel.front_end.run("1 + 1").result, "2")


class Children(FreshKernelTestCase):
    """Tests processes that cells started, and the files that the runtime makes for each of its own."""

    def children(self):
        """The processes that cells have started, if the cell of their ids was executed last."""
        ids = json.loads("[" + self.run_cell('string.Join(",", ids)').result.strip('"') + "]")
        processes = [psutil.Process(id) for id in ids if psutil.pid_exists(id)]
        self.addCleanup(lambda: [process.kill() for process in processes if process.is_running()])
        return processes

    def worker(self):
        return psutil.Process(int(self.run_cell("Environment.ProcessId").result))

    def assert_no_files(self, processes):
        end = time.monotonic() + DEADLINE
        while (left := [file for process in processes for file in glob.glob(f"{tempfile.gettempdir()}/*-{process.pid}-*")
                        if os.path.basename(file).startswith(("clr-debug-pipe", "dotnet-diagnostic"))
                        and os.path.getmtime(file) > process.create_time() - 1]) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(left, [])

    def test_they_end_with_their_worker_and_with_the_kernel(self):
        self.run_cell(CHILDREN)
        workers = []
        for name, end in (("crash", lambda: self.run_failing_cell("Environment.FailFast(null);")),
                          ("kill", lambda: workers[-1].kill()),
                          ("recycle", lambda: self.run_cell("#!recycle")),
                          ("shutdown", lambda: self.front_end.ask("shutdown_request", {"restart": True}, "control"))):
            with self.subTest(name):
                workers.append(self.worker())
                children = workers[-1].children(recursive=True) if name == "shutdown" else self.children()
                self.assertGreaterEqual(len(children), 4)
                if name in ("crash", "kill"):  # processes that have left the group cannot be found
                    children = [child for child in children if os.getpgid(child.pid) == workers[-1].pid]
                end()
                self.assertEqual(gone_or_left(children), [])
        self.assertEqual(gone_or_left([self.kernel.process]), [])
        self.assert_no_files(workers)

    def test_they_end_with_a_kernel_that_is_killed(self):
        self.run_cell(CHILDREN)
        children, family = self.children(), self.kernel.family()
        self.kernel.process.kill()
        self.assertEqual(gone_or_left(children), [])
        self.assertEqual(gone_or_left(family), [])
        self.assert_no_files([process for process in family if process.pid not in {child.pid for child in children}][:2])

    def test_they_are_left_alone_where_that_is_set(self):
        self.run_cell("#!settings children leave")
        self.run_cell('var ids = new[] { System.Diagnostics.Process.Start("sleep", "1000").Id };')
        children, worker = self.children(), self.worker()
        worker.kill()
        self.front_end.run("1")  # which may still have gone to that worker
        children += self.children()
        self.kernel.process.kill()
        self.assertEqual(gone_or_left([self.kernel.process]), [])
        time.sleep(1.5)
        self.assertEqual([child.status() for child in children], [psutil.STATUS_SLEEPING] * 2)


class Environment(KernelTestCase):
    @unittest.skipUnless(os.path.isdir("/proc/self"), "what is mapped is read from /proc")
    def test_no_process_maps_its_code_twice(self):
        self.run_cell("1")
        mapped = []
        for process in self.kernel.family():
            with contextlib.suppress(psutil.NoSuchProcess):  # a process that was just ending
                mapped.append([part.path for part in process.memory_maps()])
        self.assertGreaterEqual(len(mapped), 2)
        self.assertEqual([path for paths in mapped for path in paths if "doublemapper" in path], [])

    def test_child_processes_of_a_cell_do_not_inherit_the_runtimes_settings(self):
        child = """
            using var child = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("env") { RedirectStandardOutput = true });
            var inherited = child.StandardOutput.ReadToEnd().Split('\\n').Select(line => line.Split('=')[0]);
            string.Join(' ', "DOTNET_TieredPGO DOTNET_EnableWriteXorExecute DOTNET_GCHeapHardLimit PATH".Split(' ').Intersect(inherited))
            """
        self.assertEqual(self.run_cell(child).result, "PATH")


class Updated(unittest.TestCase):
    @unittest.skipIf(os.name == "nt", "needs symbolic links")
    def test_a_session_survives_an_update_of_dotnet(self):
        if os.path.exists(command("")[0][0] + ".dll"):
            self.skipTest("a managed program runs on the framework itself")
        root, real = tempfile.mkdtemp(), dotnet_root()
        shutil.copy(os.path.join(real, "dotnet"), root)
        os.symlink(os.path.join(real, "host"), os.path.join(root, "host"))
        versions = os.path.join(root, "shared", "Microsoft.NETCore.App")
        # Copied, because the runtime resolves links.
        shutil.copytree(glob.glob(os.path.join(real, "shared", "Microsoft.NETCore.App", "10.*"))[-1], os.path.join(versions, "10.0.900"))
        self.addCleanup(shutil.rmtree, root)
        with Kernel(environment={**os.environ, "DOTNET_ROOT": root, "JUPYTER_CSHARP_SPARE_SECONDS": "0"}) as kernel:
            where = "Path.GetFileName(Path.GetDirectoryName(typeof(object).Assembly.Location))"
            self.assertEqual(kernel.front_end.run(f"var before = {where}; before").result, "10.0.900")
            os.rename(os.path.join(versions, "10.0.900"), os.path.join(versions, "10.0.901"))
            kernel.front_end.run("Environment.FailFast(null)")
            self.assertEqual(kernel.front_end.run(f'before + " " + {where}').result, "10.0.901 10.0.901", "the history is replayed on the new version")
            self.assertEqual(kernel.front_end.run('new System.Xml.Linq.XElement("a").ToString()').result, "<a />")
            self.assertEqual(kernel.front_end.run('#r "System.Data.Common"\nnew System.Data.DataTable("t").TableName').result, "t")


class Launched(KernelTestCase):
    """Tests kernels whose launcher has unusual signal settings, which every process inherits."""

    @classmethod
    def setUpClass(cls):
        pass

    def ignored(self):
        self.addCleanup(signal.signal, signal.SIGCHLD, signal.signal(signal.SIGCHLD, signal.SIG_IGN))

    def blocked(self):
        blocked = signal.valid_signals() - {signal.SIGINT, signal.SIGTERM}
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, signal.pthread_sigmask(signal.SIG_BLOCK, blocked))

    @unittest.skipUnless(hasattr(signal, "SIGCHLD"), "Windows has no signals")
    def test_the_end_of_processes_is_detected_if_SIGCHLD_is_inherited_as_ignored_or_blocked(self):
        for inherit in (self.ignored, self.blocked):
            with self.subTest(inherit.__name__):
                inherit()
                with Kernel() as kernel:
                    self.doCleanups()
                    child = """
                        using System.Diagnostics;
                        using var grep = Process.Start(new ProcessStartInfo("grep", "-E Sig(Blk|Ign) /proc/self/status") { RedirectStandardOutput = true });
                        Console.WriteLine(grep.StandardOutput.ReadToEnd());
                        using var pipeline = Process.Start(new ProcessStartInfo("sh") { ArgumentList = { "-c", "yes | head -1" }, RedirectStandardError = true });
                        Console.WriteLine(pipeline.StandardError.ReadToEnd());
                        (grep.WaitForExit(20_000), pipeline.WaitForExit(20_000))
                        """
                    outcome = kernel.front_end.run(child)
                    self.assertEqual(outcome.result, "(True, True)", outcome.outputs)
                    if os.path.isdir("/proc/self"):
                        blocked, ignored = (int(line.split()[1], 16) for line in outcome.stdout.split("\n") if line.startswith("Sig"))
                        self.assertEqual(blocked, 0)
                        self.assertEqual(ignored & (1 << signal.SIGCHLD - 1 | 1 << signal.SIGPIPE - 1), 0)
                    self.assertNotIn("Broken pipe", outcome.stdout)
                    self.assertIn("code 3", kernel.front_end.run("Environment.Exit(3);").error["evalue"])
                    self.assert_alive(kernel.front_end)


class Connecting(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        pass

    def test_a_connection_file_with_ipc_transport_works(self):
        with tempfile.TemporaryDirectory() as folder:
            with Kernel(transport="ipc", ip=os.path.join(folder, "kernel")) as kernel:
                self.assert_alive(kernel.front_end)
                self.assertEqual(kernel.front_end.interrupt()["status"], "ok")
                self.assertEqual(len(os.listdir(folder)), 5)
            self.assertEqual(os.listdir(folder), [])

    def test_an_empty_key_turns_signing_off(self):
        with Kernel(key=b"") as kernel:
            self.assert_alive(kernel.front_end)
            self.assertEqual(kernel.front_end.interrupt()["status"], "ok")

    def start_encrypted(self, **changes):
        """Starts a kernel with a key pair in its connection file; returns its connection."""
        public, secret = (key.decode() for key in zmq.curve_keypair())
        file, connection = connection_file(curve_publickey=public, curve_secretkey=secret, signature_scheme="hmac-sha256", **changes)
        argv, environment = command(file)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, env=environment)
        self.addCleanup(process.wait, DEADLINE)
        self.addCleanup(process.terminate)
        return connection

    @unittest.skipUnless(zmq.has("curve"), "the client's libzmq has no encryption")
    def test_a_connection_file_with_keys_encrypts_all_sockets(self):
        front_end = FrontEnd(self.start_encrypted())
        self.addCleanup(front_end.close)
        self.assert_alive(front_end)
        self.assertEqual(len(front_end.run("Console.Write(new string('x', 20_000_000))").stdout), 20_000_000)
        self.assertEqual(front_end.interrupt()["status"], "ok")
        heartbeat = front_end.connect("hb")
        heartbeat.send(b"beat")
        self.assertTrue(heartbeat.poll(DEADLINE * 1000))
        self.assertEqual(heartbeat.recv(), b"beat")

    @unittest.skipUnless(zmq.has("curve"), "the client's libzmq has no encryption")
    def test_ipc_is_encrypted_too(self):
        with tempfile.TemporaryDirectory() as folder:
            connection = self.start_encrypted(transport="ipc", ip=os.path.join(folder, "kernel"), shell_port=1, iopub_port=2, stdin_port=3, control_port=4, hb_port=5)
            with contextlib.closing(FrontEnd(connection)) as front_end:
                self.assert_alive(front_end)

    @unittest.skipUnless(zmq.has("curve"), "the client's libzmq has no encryption")
    def test_an_encrypted_kernel_refuses_clients_without_its_key(self):
        connection = self.start_encrypted()
        with contextlib.closing(FrontEnd(connection)) as front_end:  # the kernel listens
            for server in None, zmq.curve_keypair()[0]:
                for channel in "shell", "control", "stdin", "iopub", "hb":
                    with self.subTest(channel, server=server), front_end.context.socket(zmq.SUB if channel == "iopub" else zmq.DEALER) as socket:
                        if server:
                            socket.curve_serverkey = server
                            socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
                        events = socket.get_monitor_socket()
                        socket.connect(f"tcp://{connection['ip']}:{connection[channel + '_port']}")
                        seen = None
                        while seen not in (zmq.EVENT_DISCONNECTED, zmq.EVENT_HANDSHAKE_SUCCEEDED):
                            self.assertTrue(events.poll(DEADLINE * 1000), seen)
                            seen = recv_monitor_message(events)["event"]
                        self.assertEqual(seen, zmq.EVENT_DISCONNECTED)
                        socket.disable_monitor()
            self.assert_alive(front_end)

    @unittest.skipUnless(zmq.has("curve"), "the client's libzmq has no encryption")
    def test_keys_that_do_not_belong_together_are_refused(self):
        (public, _), (_, secret) = zmq.curve_keypair(), zmq.curve_keypair()
        file, _ = connection_file(curve_publickey=public.decode(), curve_secretkey=secret.decode())
        Starting.assert_refused(self, "do not belong together", file)

    def start_on_a_taken_port(self):
        """Starts a kernel with a port that is in use; returns the port's owner, the kernel's manager, and its process."""
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        manager = KernelManager(kernel_name=KERNEL_NAME, cache_ports=False, shell_port=taken.getsockname()[1])
        manager.start_kernel(stderr=subprocess.PIPE)
        self.addCleanup(manager.shutdown_kernel, now=True)
        kernel = manager.provisioner.process
        self.addCleanup(kernel.stderr.close)
        return taken, manager, kernel

    def test_the_kernel_waits_for_a_port_that_is_briefly_in_use(self):
        taken, manager, kernel = self.start_on_a_taken_port()
        self.assertIn("Waiting until it is free", kernel.stderr.readline().decode())
        taken.close()
        front_end = FrontEnd({**manager.get_connection_info(), "key": manager.session.key})
        self.addCleanup(front_end.close)
        self.assertEqual(front_end.run("6 * 7").result, "42")

    def test_a_port_that_stays_in_use_is_reported(self):
        taken, _, kernel = self.start_on_a_taken_port()
        self.assertEqual(kernel.wait(DEADLINE), 1)
        error = kernel.stderr.read().decode()
        self.assertIn(f"tcp://127.0.0.1:{taken.getsockname()[1]} is still in use", error)

    def test_two_kernels_do_not_disturb_each_other(self):
        with Kernel() as one, Kernel() as other:
            one.front_end.run("var x = 1;")
            other.front_end.run("var x = 2;")
            self.assertEqual((one.front_end.run("x").result, other.front_end.run("x").result), ("1", "2"))


def hear_signals():
    """Resets signals, because the tests themselves may have been started with nohup or in a script's background."""
    for name in (signal.SIGHUP, signal.SIGINT):
        signal.signal(name, signal.SIG_DFL)
