"""Tests workers that are replaced while they live, cells that are not replayed, and memory limits."""
import time

from kernels import DEADLINE, printed
from test_state import State


class Recycle(State):
    def wait_until(self, condition):
        """Runs cells until the condition holds, because the kernel's messages are shown with the next cell."""
        end = time.monotonic() + DEADLINE
        while not condition() and time.monotonic() < end:
            time.sleep(0.3)
        self.assertTrue(condition())

    def notices(self):
        return printed(self.front_end.published, "stderr")


class HandOver(Recycle):
    settings = {"JUPYTER_CSHARP_NOTICES": "on"}

    def test_differing_values_are_carried_over(self):
        self.run_cell("var number = new Random().Next(); var time = DateTime.Now; var id = Guid.NewGuid(); var random = new Random();")
        self.run_cell("record Point(int X, List<int> All); var list = new List<int> { number }; var point = new Point(number, list);")
        show = '$"{number} {time.Ticks} {id} {point.X} {string.Join(",", list)} {object.ReferenceEquals(point.All, list)}"'
        before = self.run_cell(show).result
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell(show).result, before)
        self.assertIn("True", before)

    def test_cells_run_in_the_old_worker_until_the_fresh_one_takes_over(self):
        self.run_cell("var started = 1; Thread.Sleep(1500);")
        first = self.worker().pid
        self.run_cell("#!settings recycle-after 3")
        self.run_cell("var x = new Random().Next();")
        value = self.run_cell("x").result
        self.assertEqual(self.worker().pid, first)
        self.wait_until(lambda: self.worker().pid != first)
        self.assertEqual(self.run_cell("x").result, value)

    def test_values_that_are_not_plain_data_are_reported_once(self):
        self.run_cell("var x = new Random().Next(); var stream = new MemoryStream();")
        for _ in range(3):
            self.run_cell("#!recycle")
        self.run_cell("x")
        self.assertEqual(self.notices().count("stream (MemoryStream)"), 1)

    def test_a_cell_that_cannot_run_twice_at_a_time_runs_when_the_old_worker_has_ended(self):
        self.run_cell("using System.Net.Sockets; using System.Net; var x = new Random().Next();")
        self.run_cell("var listener = new TcpListener(IPAddress.Loopback, 34567); listener.Start();")
        before = self.run_cell("x").result
        worker = self.worker()
        self.run_cell("#!recycle")
        self.assertNotEqual(self.worker().pid, worker.pid)
        self.assertEqual(self.run_cell('$"{x} {listener.Server.IsBound}"').result, f"{before} True")

    def test_an_interrupt_leaves_the_old_worker_in_place(self):
        self.run_cell(self.once("slow", "Thread.Sleep(-1);"))
        worker = self.worker()
        request = self.front_end.start("#!recycle")
        time.sleep(1)
        self.front_end.interrupt()
        self.assertEqual(self.front_end.finish(request).status, "error")
        self.assertEqual(self.worker().pid, worker.pid)
        self.assertEqual(self.run_cell("slow").result, "slow")

    def test_a_worker_that_is_lost_during_the_hand_over_is_replaced(self):
        self.run_cell("var kept = 42; Thread.Sleep(1000);")
        worker = self.worker()
        request = self.front_end.start("#!recycle")
        time.sleep(0.5)
        worker.kill()
        self.front_end.finish(request)
        self.assertEqual(self.run_cell("kept").result, "42")

    def test_a_fresh_worker_that_is_lost_during_the_hand_over_has_no_effect(self):
        self.run_cell("var kept = new Random().Next(); Thread.Sleep(1500);")
        before = self.run_cell("kept").result
        worker = self.worker()
        request = self.front_end.start("#!recycle")
        time.sleep(0.7)
        for other in self.kernel.process.children():
            if other.pid != worker.pid:
                other.kill()
        self.front_end.finish(request)
        self.assertEqual(self.run_cell("kept").result, before)


class Memory(Recycle):
    settings = {"JUPYTER_CSHARP_NOTICES": "on", "JUPYTER_CSHARP_MEMORY_THRESHOLD": "300 MB"}

    def test_a_worker_over_its_threshold_is_recycled(self):
        first = self.worker().pid
        self.run_cell("var kept = 42;")
        # Memory outside the heap, which is not collected; only the first run allocates it.
        self.run_cell(f"""
            if (!File.Exists(@"{self.path('once')}"))
            {{
                File.WriteAllText(@"{self.path('once')}", "");
                unsafe
                {{
                    var p = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc(400_000_000);
                    for (var i = 0L; i < 400_000_000; i += 4096) p[i] = 1;
                }}
            }}""")
        self.wait_until(lambda: self.worker().pid != first)
        self.assertEqual(self.run_cell("kept").result, "42")
        self.assertIn("more than the threshold of 300 MB", self.notices())

    def test_garbage_alone_is_collected_and_nothing_is_recycled(self):
        first = self.worker().pid
        for _ in range(5):
            self.run_cell("{ var garbage = new byte[400_000_000]; Array.Fill(garbage, (byte)1); }")
        time.sleep(3)
        self.assertEqual(self.worker().pid, first)

    def test_live_data_over_the_threshold_raises_it_and_is_named(self):
        self.run_cell("var large = new byte[500_000_000]; Array.Fill(large, (byte)1); large[5] = 7;")
        self.wait_until(lambda: self.run_cell("1") and "Largest variables: large (476" in self.notices())
        worker = self.worker().pid
        time.sleep(3)
        self.assertEqual(self.worker().pid, worker)
        self.assertEqual(self.run_cell("large[5]").result, "7")


class IdleMemory(Recycle):
    def collections(self):
        """The number of full collections of the worker's heap."""
        return int(self.run_cell("GC.CollectionCount(2)").result)

    def test_an_idle_worker_returns_memory_that_cells_have_released(self):
        before = self.collections()
        self.run_cell("for (var i = 0; i < 300_000; i++) new string('x', 40).GetHashCode();")
        end = time.monotonic() + DEADLINE
        while self.collections() == before and time.monotonic() < end:
            time.sleep(2)
        after = self.collections()
        self.assertGreater(after, before)
        time.sleep(3)
        self.assertEqual(self.collections(), after)  # nothing was allocated since


class NativeMemory(Recycle):
    settings = {"JUPYTER_CSHARP_MEMORY_CEILING": "300 MB"}

    def test_memory_outside_the_heap_is_stopped_at_the_ceiling(self):
        self.run_cell("var kept = 42;")
        ended = self.run_failing_cell("""
            while (true)
            {
                unsafe
                {
                    var p = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc(20_000_000);
                    for (var i = 0; i < 20_000_000; i += 4096) p[i] = 1;
                }
                Thread.Sleep(20);
            }""")
        self.assertEqual(ended.error["ename"], "Interrupted")
        self.assertIn("more than its ceiling of 300 MB", ended.error["evalue"])
        self.assertEqual(self.run_cell("kept").result, "42")


class Silence(Recycle):
    settings = {"JUPYTER_CSHARP_PING_SECONDS": "2"}

    def test_an_unresponsive_worker_is_replaced(self):
        self.run_cell("var kept = 42;")
        worker = self.worker()
        worker.suspend()
        self.assertIn("did not respond for 2 s", self.run_failing_cell("kept").error["evalue"])
        self.assertEqual(self.run_cell("kept").result, "42")


class Redeclaration(Recycle):
    settings = {"JUPYTER_CSHARP_MEMORY_CEILING": "1200 MB"}

    def test_the_old_value_is_released(self):
        for number in range(20):
            self.run_cell(f"var data = new byte[500_000_000]; data[0] = {number};")
        self.assertEqual(self.run_cell("data[0]").result, "19")
        self.crash()
        self.assertEqual(self.run_cell("data[0]").result, "19")

    def test_values_used_by_a_method_or_lambda_are_kept(self):
        self.run_cell("var one = new List<int> { 1 }; var two = new List<int> { 2 }; int Count() => one.Count;")
        self.run_cell("Func<int> sum = () => two.Sum();")
        self.run_cell("var one = 1; var two = 2;")
        self.assertEqual(self.run_cell("Count() * 10 + sum()").result, "12")
        self.crash()
        self.assertEqual(self.run_cell("Count() * 10 + sum()").result, "12")


class Policies(Recycle):
    def counted(self, policy, then=""):
        """A cell that appends to a file each time it runs, and whose value is the number of its runs."""
        path = self.path("runs")
        return f'{policy}\nFile.AppendAllText(@"{path}", "x"); var runs = File.ReadAllText(@"{path}").Length; {then}'

    def runs(self):
        with open(self.path("runs")) as file:
            return len(file.read())

    def test_never_means_that_values_are_carried_and_effects_are_not_repeated(self):
        self.run_cell("var list = new List<int> { 1 };")
        self.run_cell(self.counted("#!replay never", "list.Add(2);"))
        self.run_cell("list.Add(runs); var twice = runs * 2;")
        show = '$"{runs} {twice} {string.Join(",", list)}"'
        self.crash()
        self.assertEqual(self.run_cell(show).result, "1 2 1,2,1")
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell(show).result, "1 2 1,2,1")
        self.assertEqual(self.runs(), 1)

    def test_values_that_hide_their_fields_are_carried_over_by_their_public_interface(self):
        self.run_cell('#!replay never\nusing System.Collections.Immutable; using System.Text.Json.Nodes; using System.Xml.Linq; using System.Data; record Key(string Name, int Number);'
                      'var map = ImmutableDictionary<Key, int>.Empty.Add(new("a", new Random().Next()), 1).Add(new("b", 2), 2); var node = JsonNode.Parse("{}"); node["r"] = new Random().Next();'
                      'var part = new XElement("part", new Random().Next()); var element = new XElement("all", part); var table = new DataTable(); table.Columns.Add("A", typeof(int)); table.Rows.Add(new Random().Next());')
        show = '$"{map[new("b", 2)]} {map.Keys.Sum(key => (long)key.Number)} {node["r"]} {element.Element("part").Value} {ReferenceEquals(part, element.Element("part"))} {table.Rows[0][0]}"'
        before = self.run_cell(show).result
        self.crash()
        self.assertEqual(self.run_cell(show).result, before)
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell(show).result, before)

    def test_the_policy_of_a_session(self):
        self.run_cell("#!settings replay never")
        self.run_cell(self.counted(""))
        self.crash()
        self.assertEqual(self.run_cell("runs").result, "1")
        self.assertEqual(self.runs(), 1)

    def test_a_value_that_cannot_be_carried_over_is_reported_when_it_is_used(self):
        self.run_cell(self.counted("#!replay never", "var stream = new MemoryStream();"))
        self.assertEqual(self.run_cell("stream.Length").result, "0")
        self.crash()
        self.assertEqual(self.run_cell("runs").result, "1")
        refused = self.run_failing_cell("stream.Length")
        self.assertEqual(refused.error["ename"], "StateLost")
        self.assertIn("stream is not set", refused.error["evalue"])
        self.run_cell("var stream = new MemoryStream(new byte[3]);")
        self.assertEqual(self.run_cell("stream.Length").result, "3")

    def test_ask_asks_after_a_crash(self):
        self.run_cell(self.counted("#!replay ask"))
        for answer, runs in (("y", 2), ("n", 2)):
            self.crash()
            request = self.front_end.start("runs", allow_stdin=True)
            question = self.front_end.receive(self.front_end.stdin, time.monotonic() + DEADLINE, "nothing was asked")
            self.assertIn("Its replay policy is ask.", question["content"]["prompt"])
            self.front_end.send("input_reply", {"value": answer}, channel="stdin")
            self.front_end.finish(request)
            self.assertEqual(self.runs(), runs)

    def test_a_client_without_allow_stdin_means_no(self):
        self.run_cell(self.counted("#!replay ask"))
        self.crash()
        self.assertEqual(self.run_cell("runs").result, "1")
        self.assertEqual(self.runs(), 1)

    def test_an_invalid_policy_is_an_error(self):
        self.assertIn("always, never or ask", self.run_failing_cell("#!replay sometimes\nvar x = 1;").error["evalue"])

    def test_lines_keep_their_numbers(self):
        self.assertIn("line 3", self.run_failing_cell("#!replay never\n\nthrow new Exception();").traceback)


class Kept(Recycle):
    def test_answers_are_kept_for_a_replay(self):
        request = self.front_end.start("var name = Console.ReadLine();", allow_stdin=True)
        self.front_end.receive(self.front_end.stdin, time.monotonic() + DEADLINE, "nothing was asked")
        self.front_end.send("input_reply", {"value": "Ada"}, channel="stdin")
        self.front_end.finish(request)
        self.crash()
        self.assertEqual(self.run_cell("name").result, "Ada")

    def test_display_ids_are_kept(self):
        self.run_cell('var handle = display("before");')
        shown = next(m for m in self.front_end.published if m["msg_type"] == "display_data")
        self.crash()
        update = next(m for m in self.run_cell('handle.Update("after");').messages if m["msg_type"] == "update_display_data")
        self.assertEqual(update["content"]["transient"], shown["content"]["transient"])
