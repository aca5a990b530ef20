"""How kernels start and end, and that nothing is left of them."""
import glob
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import psutil
from jupyter_client.manager import KernelManager

from kernels import DEADLINE, KERNEL_NAME, FrontEnd, Kernel, KernelTestCase, gone_or_left

ENDLESS = 'Console.WriteLine("ready"); while (true) { try { Thread.Sleep(-1); } catch { } }'

# Starts a child, one that ignores SIGTERM, one with a session of its own and one whose parent has ended; shows their ids.
CHILDREN = """
using System.Diagnostics;
int[] Start(string script) => Process.Start(new ProcessStartInfo("sh") { ArgumentList = { "-c", script }, RedirectStandardOutput = true }) is var shell
    ? [shell.Id, .. script.Contains("$!") ? [int.Parse(shell.StandardOutput.ReadLine())] : Array.Empty<int>()] : [];
int[] ids = [.. Start("exec sleep 1000"), .. Start("trap '' TERM; sleep 1000 & echo $!; while :; do wait; done"), .. Start("exec setsid sleep 1000"), .. Start("sleep 1000 & echo $!")];
"""

# Starts a kernel, tells about it, and waits to be killed.
PARENT = """
import json, sys, time
from jupyter_client.manager import KernelManager
manager = KernelManager(kernel_name=sys.argv[1])
manager.start_kernel()
connection = {**manager.get_connection_info(), "key": manager.session.key.decode(), "pid": manager.provisioner.pid}
print(json.dumps(connection), flush=True)
time.sleep(3600)
"""


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


@unittest.skipIf(sys.platform == "win32", "the shell's children are started")
class Children(KernelTestCase):
    """Processes that cells started, and the files that the runtime makes for each of its own."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.kernel = Kernel()
        self.addCleanup(self.kernel.close)
        self.front_end = self.kernel.front_end

    def children(self):
        """What cells have started, where the cell of their ids was executed last."""
        ids = json.loads("[" + self.run_cell('string.Join(",", ids)').result.strip('"') + "]")
        processes = [psutil.Process(id) for id in ids if psutil.pid_exists(id)]
        self.addCleanup(lambda: [process.kill() for process in processes if process.is_running()])
        return processes

    def worker(self):
        return psutil.Process(int(self.run_cell("Environment.ProcessId").result))

    def assert_no_files(self, processes):
        end = time.monotonic() + DEADLINE
        while (left := [file for process in processes for file in glob.glob(f"{tempfile.gettempdir()}/*-{process.pid}-*")
                        if os.path.basename(file).startswith(("clr-debug-pipe", "dotnet-diagnostic"))]) and time.monotonic() < end:
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
                if name in ("crash", "kill"):  # nothing can look for those that have left the group
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
        processes = self.kernel.family()
        self.assertGreaterEqual(len(processes), 2)
        for process in processes:
            self.assertEqual([part.path for part in process.memory_maps() if "doublemapper" in part.path], [])

    def test_what_is_set_for_the_runtime_is_not_inherited_by_what_a_cell_starts(self):
        child = """
            using var child = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("env") { RedirectStandardOutput = true });
            var inherited = child.StandardOutput.ReadToEnd().Split('\\n').Select(line => line.Split('=')[0]);
            string.Join(' ', "DOTNET_TieredPGO DOTNET_EnableWriteXorExecute DOTNET_GCHeapHardLimit PATH".Split(' ').Intersect(inherited))
            """
        self.assertEqual(self.run_cell(child).result, "PATH")


class Launched(KernelTestCase):
    """Kernels whose launcher has unusual signal settings, which every process inherits."""

    @classmethod
    def setUpClass(cls):
        pass

    def ignored(self):
        self.addCleanup(signal.signal, signal.SIGCHLD, signal.signal(signal.SIGCHLD, signal.SIG_IGN))

    def blocked(self):
        blocked = signal.valid_signals() - {signal.SIGINT, signal.SIGTERM}
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, signal.pthread_sigmask(signal.SIG_BLOCK, blocked))

    @unittest.skipUnless(hasattr(signal, "SIGCHLD"), "Windows has no signals")
    def test_the_end_of_processes_is_noticed_where_SIGCHLD_is_inherited_as_ignored_or_blocked(self):
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
                        self.assertEqual([line.split()[1] for line in outcome.stdout.split("\n") if line.startswith("Sig")], ["0" * 16] * 2)
                    self.assertNotIn("Broken pipe", outcome.stdout)
                    self.assertIn("exit code 3", kernel.front_end.run("Environment.Exit(3);").error["evalue"])
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

    def start_on_a_taken_port(self):
        """A kernel one of whose ports is in use: what uses it, the kernel's manager, and its process."""
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        manager = KernelManager(kernel_name=KERNEL_NAME, cache_ports=False, shell_port=taken.getsockname()[1])
        manager.start_kernel(stderr=subprocess.PIPE)
        self.addCleanup(manager.shutdown_kernel, now=True)
        kernel = manager.provisioner.process
        self.addCleanup(kernel.stderr.close)
        return taken, manager, kernel

    def test_a_port_that_is_in_use_for_a_moment_is_waited_for(self):
        taken, manager, kernel = self.start_on_a_taken_port()
        self.assertIn("waiting for it", kernel.stderr.readline().decode())
        taken.close()
        front_end = FrontEnd({**manager.get_connection_info(), "key": manager.session.key})
        self.addCleanup(front_end.close)
        self.assertEqual(front_end.run("6 * 7").result, "42")

    def test_a_port_that_stays_in_use_is_named(self):
        taken, _, kernel = self.start_on_a_taken_port()
        self.assertEqual(kernel.wait(DEADLINE), 1)
        error = kernel.stderr.read().decode()
        self.assertIn(f"tcp://127.0.0.1:{taken.getsockname()[1]} stays in use", error)

    def test_two_kernels_do_not_disturb_each_other(self):
        with Kernel() as one, Kernel() as other:
            one.front_end.run("var x = 1;")
            other.front_end.run("var x = 2;")
            self.assertEqual((one.front_end.run("x").result, other.front_end.run("x").result), ("1", "2"))
