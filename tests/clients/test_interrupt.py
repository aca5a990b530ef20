"""Tests that an interrupt ends cells that do not end by themselves, and that the session continues."""
import os
import random
import signal
import socket
import tempfile
import time
import unittest

from kernels import DEADLINE, Kernel, KernelTestCase

ENDLESS = {
    "a tight loop": "while (true) { }",
    "a loop that works": "long n = 0; while (true) n += Math.Abs(n) % 7;",
    "a sleep": "Thread.Sleep(Timeout.Infinite);",
    "a wait on a task that never ends": "new TaskCompletionSource().Task.Wait();",
    "a blocking read": "new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In)"
                       ".ReadByte();",
    "an await that never ends": "await Task.Delay(-1);",
    "a loop after an await": "await Task.Delay(1); while (true) { }",
    "a loop of awaits": "while (true) await Task.Delay(1);",
    "a loop that catches everything": "while (true) { try { Thread.Sleep(10); } catch { } }",
    "a lock": "var door = new object(); new Thread(() => { lock (door) Thread.Sleep(-1); }) { IsBackground = true }"
              ".Start(); Thread.Sleep(100); lock (door) { }",
    "a loop that prints": 'while (true) Console.Write(".");',
    "a loop that prints between awaits": 'while (true) { await Task.Delay(1); Console.Write("."); }',
    "a loop that shows": "while (true) 1.Display();",
    "a loop that shows what takes long to format": "while (true) new[] { 1, 2, 3 }.Display();",
    "a loop that updates what it showed": 'var shown = "a".Display(); while (true) shown.Update("b");',
    "a loop that writes errors": "while (true) Console.Error.Write(new string('x', 10_000));",
    "a loop that writes to both streams in turn": 'while (true) { Console.Write("a"); Console.Error.Write("b"); }',
    "a loop that writes to the file descriptor": "var fd = Console.OpenStandardOutput(); Thread.Sleep(200); while (true) fd.Write(\"native \"u8);",
    "a loop that shows between awaits": "while (true) { await Task.Yield(); 1.Display(); }",
    "an endless sequence": "Enumerable.Repeat(0, int.MaxValue).SelectMany(n => Enumerable.Repeat(n, int.MaxValue))"
                           ".Count(n => n > 0)",
}
# Interrupts that only the end of the worker can perform lose the variables until the replay.
NEEDS_TERMINATION = {"a blocking read"}


# Cells that await, and their output when they are interrupted.
AWAITING = {
    "an await": ("try { Ready(); await Task.Delay(-1); } finally { Print(1); }", [1]),
    "a filter for the exception": ("try { Ready(); await Task.Delay(-1); } catch (OperationCanceledException) { Print(1); }", [1]),
    "a using block": ('using (var w = new W()) { Ready(); await Task.Delay(-1); }', [9]),
    "an await using block": ("await using (var a = new A()) { Ready(); await Task.Delay(-1); }", [8]),
    "methods in methods": (
        "async Task<int> Inner() { try { Ready(); await Task.Delay(-1); return 1; } finally { Print(1); } } "
        "async ValueTask<int> Outer() { try { return await Inner(); } finally { Print(2); } } try { await Outer(); } finally { Print(3); }", [1, 2, 3]),
    "a lambda": ("Func<Task> f = async () => { try { Ready(); await Task.Delay(-1); } finally { Print(1); } }; await f();", [1]),
    "an await elsewhere": ("try { Ready(); await Task.Delay(-1).ConfigureAwait(false); } finally { Print(1); }", [1]),
    "a task of a value": ("try { Ready(); await new TaskCompletionSource<string>().Task; } finally { Print(1); }", [1]),
    "a channel": ("try { Ready(); await System.Threading.Channels.Channel.CreateUnbounded<int>().Reader.ReadAsync(); } finally { Print(1); }", [1]),
    "a method of the framework": ("try { Ready(); await new System.Net.Http.HttpClient().GetStringAsync(url); } finally { Print(1); }", [1]),
    "a generator": (
        "async IAsyncEnumerable<int> Generate() { try { yield return 1; Ready(); await Task.Delay(-1); } finally { Print(1); } } "
        "try { await foreach (var n in Generate()) { } } finally { Print(2); }", [1, 2]),
    "the body of a generator's loop": (
        "async IAsyncEnumerable<int> Generate() { try { yield return 1; } finally { await Task.Delay(1); Print(1); } } "
        "await foreach (var n in Generate()) { Ready(); await Task.Delay(-1); }", [1]),
    "all of some": (
        "async Task Wait(int n) { try { await Task.Delay(-1); } finally { Print(n); } } "
        "var tasks = new[] { Wait(1), Wait(2) }; try { Ready(); await Task.WhenAll(tasks); } finally { Print(3); }", [1, 2, 3]),
    "all values of some": (
        "async Task<int> Wait(int n) { try { await Task.Delay(-1); return n; } finally { Print(n); } } "
        "try { Ready(); await Task.WhenAll(Enumerable.Range(1, 2).Select(Wait)); } finally { Print(3); }", [1, 2, 3]),
    "any of some": (
        "async Task Wait(int n) { try { await Task.Delay(-1); } finally { Print(n); } } "
        "try { Ready(); await Task.WhenAny(Wait(1), Wait(2)); } finally { Print(3); }", [1, 2, 3]),
    "a finally block that awaits": ("try { Ready(); await Task.Delay(-1); } finally { await Task.Delay(20); Print(1); }", [1]),
    "a loop of awaits": ("try { Ready(); while (true) await Task.Delay(1); } finally { Print(1); }", [1]),
    "a loop that catches everything": ("try { Ready(); while (true) { try { await Task.Delay(50); } catch { } } } finally { Print(1); }", [1]),
    "a finally block that awaits forever": ("try { try { Ready(); await Task.Delay(-1); } finally { await Task.Delay(-1); } } finally { Print(1); }", [1]),
    "a finally block that waits forever": ("try { Ready(); await Task.Delay(-1); } finally { Thread.Sleep(-1); }", []),
    "an awaiter that nothing is known of": ("try { Ready(); await new Custom(); } finally { }", []),
    "a method of an earlier cell": ("try { Ready(); await earlier; } finally { Print(1); }", [1]),
    "code that it submits": (
        'try { await Microsoft.DotNet.Interactive.Kernel.Root.SubmitCodeAsync("try { Ready(); await Task.Delay(-1); } finally { Print(1); }"); } finally { Print(2); }', [1, 2]),
}


class Interrupt(KernelTestCase):
    def interrupt_when_running(self, code, before="", **content):
        cell = self.front_end.start(f'{before}Console.WriteLine("ready"); {code}', **content)
        self.front_end.wait_for_output(cell, "ready")
        self.assertEqual(self.front_end.interrupt()["status"], "ok")
        return self.front_end.finish(cell)

    def assert_interrupted(self, outcome):
        self.assertEqual(outcome.status, "error", outcome.outputs)
        self.assertEqual(outcome.error["ename"], "Interrupted")

    def test_every_kind_of_endless_cell_is_ended(self):
        for name, code in ENDLESS.items():
            with self.subTest(name):
                self.run_cell("var kept = 42;")
                self.assert_interrupted(self.interrupt_when_running(code))
                if name not in NEEDS_TERMINATION:
                    self.assertEqual(self.run_cell("kept").result, "42")
                self.assertIn("goes on\n", self.run_cell('Console.WriteLine("goes on");').stdout)
                self.assert_alive()

    def test_waiting_for_input_is_ended(self):
        self.run_cell("var kept = 42;")
        cell = self.front_end.start("Console.ReadLine()", allow_stdin=True)
        self.assertTrue(self.front_end.stdin.poll(60_000))
        self.front_end.session.recv(self.front_end.stdin)
        self.front_end.interrupt()
        self.assert_interrupted(self.front_end.finish(cell))
        self.assertEqual(self.run_cell("kept").result, "42")

    def test_names_of_an_interrupted_cell_do_not_exist(self):
        self.run_cell("var before = 1;")
        self.assert_interrupted(self.interrupt_when_running("var gone = 5; int Gone() => gone; while (true) { }"))
        for name in ("gone", "Gone()"):
            self.assertEqual(self.run_failing_cell(name).error["ename"], "CompileError")
        self.assertEqual(self.run_cell("before").result, "1")

    def test_the_queue_behind_an_interrupted_cell_is_aborted(self):
        cell = self.front_end.start('Console.WriteLine("ready"); while (true) { }')
        queued = [self.front_end.start("1"), self.front_end.start("2")]
        self.front_end.wait_for_output(cell, "ready")
        self.front_end.interrupt()
        self.assert_interrupted(self.front_end.finish(cell))
        self.assertEqual([self.front_end.finish(request).status for request in queued], ["aborted", "aborted"])
        self.assert_alive()

    def test_interrupting_an_idle_kernel_does_nothing(self):
        self.run_cell("var kept = 42;")
        for _ in range(5):
            self.assertEqual(self.front_end.interrupt()["status"], "ok")
        self.assertEqual(self.run_cell("kept").result, "42")

    def test_an_interrupt_right_after_the_request_takes_effect(self):
        for _ in range(5):
            cell = self.front_end.start("while (true) { }")
            self.front_end.wait_for_published(
                lambda m: m["msg_type"] == "execute_input" and m["parent_header"]["msg_id"] == cell)
            self.front_end.interrupt()
            self.assert_interrupted(self.front_end.finish(cell))
        self.assert_alive()

    def test_an_interrupt_around_a_cells_end_ends_it_or_comes_too_late(self):
        self.run_cell("var kept = 42;")
        chance = random.Random(1)
        for _ in range(100):
            cell = self.front_end.start("await Task.Delay(5);")
            time.sleep(chance.uniform(0, 0.03))
            self.front_end.interrupt()
            outcome = self.front_end.finish(cell)
            if outcome.status != "ok":
                self.assert_interrupted(outcome)
            self.assertEqual(self.run_cell("kept").result, "42")

    def test_a_worker_whose_runtime_does_not_survive_the_abort_is_replaced(self):
        # The locks of the runtime's timers stay taken, as after an abort that hit the cell while it took one.
        self.run_cell("var kept = 42;")
        cell = self.front_end.start("""
            var queues = typeof(object).Assembly.GetType("System.Threading.TimerQueue");
            foreach (var queue in (Array)queues.GetProperty("Instances").GetValue(null))
                ((Lock)queues.GetProperty("SharedLock", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic).GetValue(queue)).Enter();
            Console.WriteLine("taken");
            while (true) { }
            """)
        self.front_end.wait_for_output(cell, "taken")
        self.front_end.interrupt()
        self.assert_interrupted(self.front_end.finish(cell))
        self.assertEqual(self.run_cell("await Task.Delay(1); kept").result, "42")

    @unittest.skipUnless(os.path.isdir("/proc/self/task"), "thread names are read from /proc")
    def test_the_runtimes_timers_exist_before_an_abort_can_hit_their_start(self):
        with Kernel() as kernel:
            threads = kernel.front_end.run('Console.Write(string.Join("", Directory.GetDirectories("/proc/self/task").Select(task => File.ReadAllText(task + "/comm"))))')
            self.assertIn(".NET Timer", threads.stdout.splitlines())

    def test_ten_in_a_row_work(self):
        self.run_cell("var kept = 42;")
        workers = set()
        for _ in range(10):
            self.assert_interrupted(self.interrupt_when_running("while (true) { }"))
            workers.add(self.run_cell("Environment.ProcessId").result)
        self.assertEqual(self.run_cell("kept").result, "42")
        # A loaded machine may need the worker's end once; if the abort fails, it is always needed.
        self.assertLess(len(workers), 4, "the loops were ended by ending their workers")

    def test_cleaning_up_in_finally_still_happens(self):
        outcome = self.interrupt_when_running(
            'try { Thread.Sleep(-1); } finally { Console.WriteLine("cleaned"); }')
        self.assert_interrupted(outcome)
        self.assertIn("cleaned", outcome.stdout)

    def test_an_interrupted_await_runs_the_finally_blocks_after_it(self):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            self.run_cell(f"""
                var url = "http://127.0.0.1:{server.getsockname()[1]}/";
                void Ready() => Console.WriteLine("ready");
                void Print(int n) => Console.Write($"{{n}} ");
                class W : IDisposable {{ public void Dispose() => Console.Write("9 "); }}
                class A : IAsyncDisposable {{ public async ValueTask DisposeAsync() {{ await Task.Delay(1); Console.Write("8 "); }} }}
                class Custom : System.Runtime.CompilerServices.INotifyCompletion
                {{
                    public Custom GetAwaiter() => this;
                    public bool IsCompleted => false;
                    public void OnCompleted(Action a) {{ }}
                    public void GetResult() {{ }}
                }}
                async Task Earlier() {{ try {{ await Task.Delay(-1); }} finally {{ Print(7); }} }}
                var earlier = Earlier();
                """)
            worker = self.run_cell("Environment.ProcessId").result
            for name, (code, printed) in AWAITING.items():
                with self.subTest(name):
                    cell = self.front_end.start(code)
                    self.front_end.wait_for_output(cell, "ready")
                    time.sleep(0.05)  # until it awaits
                    self.front_end.interrupt()
                    outcome = self.front_end.finish(cell)
                    self.assert_interrupted(outcome)
                    self.assertEqual(sorted(outcome.stdout.split()), sorted(["ready", *map(str, printed)]))
            self.assertEqual(self.run_cell("Environment.ProcessId").result, worker)

    def test_nothing_of_an_interrupted_cell_runs_when_what_it_awaited_ends(self):
        self.run_cell("var ran = 0; var source = new TaskCompletionSource(); var gate = new SemaphoreSlim(0);"
                      " var channel = System.Threading.Channels.Channel.CreateUnbounded<int>();")
        for wait in ("source.Task", "source.Task.ConfigureAwait(false)", "gate.WaitAsync()", "gate.WaitAsync(100_000)",
                     "channel.Reader.ReadAsync()", "channel.Reader.WaitToReadAsync().ConfigureAwait(false)"):
            with self.subTest(wait):
                self.assert_interrupted(self.interrupt_when_running(f"ran = 0; try {{ await {wait}; ran += 10; }} finally {{ ran++; }} ran += 10;"))
        self.assertEqual(self.run_cell("source.SetResult(); channel.Writer.TryWrite(1); gate.Release(); await Task.Delay(100); ran").result, "1")
        self.assertEqual(self.run_cell("gate.Wait(0)").result, "True", "the semaphore went to a method that had given up")

    def test_a_finally_block_after_an_await_that_does_not_end_is_ended_with_the_worker(self):
        self.run_cell("var kept = 42;")
        self.assert_interrupted(self.interrupt_when_running("try { await Task.Delay(-1); } finally { while (true) Math.Abs(1); }"))
        self.assertEqual(self.run_cell("kept").outputs, [("execute_result", "42")])

    def test_using_variables_are_disposed_of(self):
        self.run_cell('class Noisy(string name) : IDisposable { public void Dispose() => Console.WriteLine($"{name} goes"); }')
        self.run_cell('class Awaited : IAsyncDisposable { public async ValueTask DisposeAsync() { await Task.Delay(1); Console.WriteLine("awaited goes"); } }')
        for ending in ("while (true) { }", "Thread.Sleep(-1);", "await Task.Delay(-1);", 'while (true) Console.Write("");'):
            with self.subTest(ending):
                for _ in range(3):
                    outcome = self.interrupt_when_running(
                        f'{ending} using var never = new Noisy("never");',
                        before='using var a = new Noisy("a"); await using var b = new Awaited(); using var c = new Noisy("c"); ')
                    self.assert_interrupted(outcome)

                    # One abort in a hundred inside the console makes the runtime end the worker's process; the next attempt replays the classes.
                    if "PAL_SEHException" not in "".join(text for name, text in outcome.outputs if name == "stderr"):
                        break
                self.assertEqual(outcome.stdout, "ready\nc goes\nawaited goes\na goes\n")

    def test_a_dispose_that_fails_or_hangs_holds_up_nothing(self):
        self.run_cell("var kept = 42;")
        for disposal, told in {
            'throw new Exception("broken")': "Disposing of v failed: broken",
            "Thread.Sleep(-1)": "v was not disposed of within 500 ms",
            "new Action(() => { while (true) { } })()": "v was not disposed of within 500 ms",
        }.items():
            with self.subTest(disposal):
                self.run_cell(f"class Hangs : IDisposable {{ public void Dispose() => {disposal}; }}")
                outcome = self.interrupt_when_running("while (true) { }", before="using var v = new Hangs(); ")
                self.assert_interrupted(outcome)
                self.assertIn(told, "".join(text for name, text in outcome.outputs if name == "stderr"))
                self.assertEqual(self.run_cell("kept").result, "42")

    def test_output_on_its_way_is_limited(self):
        # An interrupt waits for all of it. The kernel is stopped, so the cell's output meanwhile is the maximum on its way.
        with tempfile.TemporaryDirectory() as folder:
            go, made = os.path.join(folder, "go"), os.path.join(folder, "made")
            cell = self.front_end.start(f"""
                var made = new FileStream(@"{made}", FileMode.Create, FileAccess.Write, FileShare.ReadWrite, 1);
                Console.WriteLine("ready");
                while (!File.Exists(@"{go}")) Thread.Sleep(1);
                while (true) {{ 1.Display(); made.WriteByte(1); }}
                """)
            self.front_end.wait_for_output(cell, "ready")
            self.kernel.process.suspend()
            try:
                open(go, "w").close()
                end, size = time.monotonic() + DEADLINE, -1
                while (now := os.path.getsize(made)) != size or size == 0:
                    self.assertLess(time.monotonic(), end)
                    size = now
                    time.sleep(0.5)
            finally:
                self.kernel.process.resume()
                self.front_end.interrupt()
            self.assert_interrupted(self.front_end.finish(cell))
            self.assertLess(size, 500)

    def test_a_worker_terminated_by_the_kernel_is_not_reported_as_killed_by_others(self):
        self.run_cell("var kept = 42;")
        # Some of them end just as their worker is given up.
        for seconds in (1.95, 2.0, 60):
            with self.subTest(seconds):
                outcome = self.interrupt_when_running(
                    "try { Thread.Sleep(-1); } finally { for (var clock = System.Diagnostics.Stopwatch.StartNew(); "
                    f"clock.Elapsed.TotalSeconds < {seconds};) {{ }} }}")
                self.assert_interrupted(outcome)
                if seconds == 60:
                    self.assertIn("did not end within 2 s, so the kernel terminated its worker", outcome.error["evalue"])
                self.assertEqual(self.run_cell("kept").outputs, [("execute_result", "42")])

    def test_a_cell_that_acts_on_its_token_by_throwing_is_interrupted(self):
        outcome = self.interrupt_when_running("var gone = 1; while (true) CellCancellation.ThrowIfCancellationRequested();")
        self.assert_interrupted(outcome)
        self.assertEqual(self.run_failing_cell("gone").error["ename"], "CompileError")

    def test_a_loop_until_the_interrupt_is_not_replayed(self):
        outcome = self.interrupt_when_running(
            'var rounds = 0; while (!CellCancellation.IsCancellationRequested) { rounds++; Thread.Sleep(1); }')
        self.assertEqual(outcome.status, "ok", outcome.traceback)
        rounds = self.run_cell("rounds").result
        self.run_cell("var later = rounds + 1;")
        self.front_end.run('Environment.FailFast("");')
        self.assertEqual(self.run_cell("rounds").result, rounds)
        self.assertEqual(self.run_cell("later").result, str(int(rounds) + 1))

    def test_output_before_the_interrupt_is_shown(self):
        outcome = self.interrupt_when_running('Console.Write("last words"); while (true) { }')
        self.assertIn("last words", outcome.stdout)


class InterruptBySignal(KernelTestCase):
    def test_sigint_has_the_effect_of_the_message(self):
        senders = {
            "to the kernel": lambda: os.kill(self.kernel.process.pid, signal.SIGINT),
            "to the kernel's process group": lambda: os.killpg(os.getpgid(self.kernel.process.pid), signal.SIGINT),
        }
        for name, send in senders.items():
            with self.subTest(name):
                self.run_cell("var kept = 42;")
                cell = self.front_end.start('Console.WriteLine("ready"); while (true) { }')
                self.front_end.wait_for_output(cell, "ready")
                send()
                self.assertEqual(self.front_end.finish(cell).error["ename"], "Interrupted")
                self.assertEqual(self.run_cell("kept").result, "42")

    def test_sigint_while_idle_does_nothing(self):
        self.run_cell("var kept = 42;")
        for _ in range(3):
            os.killpg(os.getpgid(self.kernel.process.pid), signal.SIGINT)
        time.sleep(1)  # a signal that is still on its way would rightly interrupt the next cell
        self.assertEqual(self.run_cell("kept").result, "42")

    def test_the_kernel_manager_interrupts(self):
        cell = self.front_end.start('Console.WriteLine("ready"); while (true) { }')
        self.front_end.wait_for_output(cell, "ready")
        self.kernel.manager.interrupt_kernel()
        self.assertEqual(self.front_end.finish(cell).error["ename"], "Interrupted")


class FirstCell(KernelTestCase):
    def test_the_very_first_cell_can_be_interrupted(self):
        with Kernel() as kernel:
            cell = kernel.front_end.start('Console.WriteLine("ready"); while (true) { }')
            kernel.front_end.wait_for_output(cell, "ready")
            kernel.front_end.interrupt()
            self.assertEqual(kernel.front_end.finish(cell).error["ename"], "Interrupted")
            self.assert_alive(kernel.front_end)
