"""Tests the output of cells, and its order."""
import time

from kernels import KernelTestCase, is_for

NATIVE = """
using System.Runtime.InteropServices;
static class C
{
    [DllImport("libc")] public static extern nint write(int fd, byte[] text, nint length);
    [DllImport("libc")] public static extern int puts(string text);
    [DllImport("libc")] public static extern int fflush(nint file);
    public static void Write(int fd, string text) => write(fd, Encoding.UTF8.GetBytes(text), text.Length);
}
"""


class Streams(KernelTestCase):
    def test_out_and_error_are_separate_and_keep_their_order_with_displays(self):
        outcome = self.run_cell("""
            Console.WriteLine("one"); display("two"); Console.WriteLine("three");
            Console.Error.WriteLine("four"); Console.WriteLine("five"); display("six"); display("seven"); 8""")
        self.assertEqual(outcome.outputs, [
            ("stdout", "one\n"), ("display_data", "two"), ("stdout", "three\n"), ("stderr", "four\n"),
            ("stdout", "five\n"), ("display_data", "six"), ("display_data", "seven"), ("execute_result", "8")])

    def test_output_streams_while_the_cell_runs(self):
        cell = self.front_end.start(
            'Console.WriteLine("early"); Console.ReadLine(); Console.WriteLine("late");', allow_stdin=True)
        self.front_end.wait_for_output(cell, "early")
        request = self.front_end.receive(self.front_end.stdin, time.monotonic() + 60, "no input_request")
        self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": ""}, parent=request)
        self.assertEqual(self.front_end.finish(cell).stdout, "early\nlate\n")

    def test_control_characters_stay_as_they_are(self):
        text = "10%\\r20%\\r\\u001b[31mred\\u001b[0m\\ttab\\b\\u0007\\u0000\\r\\n"
        self.assertEqual(self.run_cell(f'Console.Write("{text}");').stdout, text.encode().decode("unicode_escape"))

    def test_text_beyond_ascii_stays_whole(self):
        outcome = self.run_cell('for (var i = 0; i < 9999; i++) Console.Write("🐱é");')
        self.assertEqual(outcome.stdout, "🐱é" * 9999)

    def test_no_line_of_many_is_lost(self):
        outcome = self.run_cell("for (var i = 0; i < 100_000; i++) Console.WriteLine(i);")
        self.assertEqual(outcome.stdout, "".join(f"{i}\n" for i in range(100_000)))

    def test_lines_of_many_threads_stay_whole(self):
        outcome = self.run_cell("Parallel.For(0, 1000, i => Console.WriteLine($\"<{i}>\"));")
        self.assertEqual(sorted(outcome.stdout.split()), sorted(f"<{i}>" for i in range(1000)))

    def test_a_writer_of_its_own_may_be_set_and_put_back(self):
        outcome = self.run_cell("""
            var usual = Console.Out; var mine = new StringWriter(); Console.SetOut(mine);
            Console.Write("inside"); Console.SetOut(usual); Console.Write("outside"); mine.ToString()""")
        self.assertEqual(outcome.outputs, [("stdout", "outside"), ("execute_result", "inside")])

    def test_a_thread_that_outlives_its_cell_prints_to_its_cell(self):
        for kind, start in {
            "thread": 'new Thread(() => { go.Wait(); Console.WriteLine("late"); }).Start();',
            "task": '_ = Task.Run(async () => { await Task.Yield(); go.Wait(); Console.WriteLine("late"); });',
            "timer": 'var timer = new Timer(_ => { go.Wait(); Console.WriteLine("late"); }, null, 0, -1);',
        }.items():
            with self.subTest(kind):
                cell = self.front_end.start(f"var go = new ManualResetEventSlim(); {start}")
                self.assertEqual(self.front_end.finish(cell).stdout, "")
                between = self.run_cell('Console.WriteLine("between");')
                self.assertEqual(between.stdout, "between\n")
                self.run_cell("go.Set();")
                self.front_end.wait_for_published(
                    lambda m: m["msg_type"] == "stream" and "late" in m["content"]["text"] and is_for(m, cell))


class NativeOutput(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.front_end.run(NATIVE)

    def test_output_of_native_code_is_captured_within_the_cell(self):
        outcome = self.run_cell('C.Write(1, "from one\\n");')
        self.assertEqual(outcome.outputs, [("stdout", "from one\n")])
        outcome = self.run_cell('C.Write(2, "from two\\n");')
        self.assertEqual(outcome.outputs, [("stderr", "from two\n")])

    def test_buffers_of_the_c_library_are_captured_when_flushed(self):
        self.assertEqual(self.run_cell('C.puts("put"); C.fflush(0);').stdout, "put\n")

    def test_large_native_output_is_captured_completely(self):
        outcome = self.run_cell(
            "var line = new string('x', 99) + '\\n'; for (var i = 0; i < 10_000; i++) C.Write(1, line);")
        self.assertEqual(outcome.stdout, ("x" * 99 + "\n") * 10_000)

    def test_output_of_a_child_process_is_captured(self):
        outcome = self.run_cell('System.Diagnostics.Process.Start("echo", "from a child").WaitForExit();')
        self.assertEqual(outcome.stdout, "from a child\n")


class Displays(KernelTestCase):
    def shown(self, outcome, kind="display_data"):
        return [m["content"] for m in outcome.messages if m["msg_type"] == kind]

    def test_rich_forms_include_plain_text(self):
        for code, mime, expected in (
            ('display(HTML("<b>bold</b>"));', "text/html", "<b>bold</b>"),
            ('HTML("<i>lean</i>").Display();', "text/html", "<i>lean</i>"),
            ('display(Markdown("*lean*"));', "text/markdown", "*lean*"),
            ('display(Javascript("1 + 1"));', "application/javascript", "1 + 1"),
        ):
            with self.subTest(code):
                (content,) = self.shown(self.run_cell(code))
                self.assertEqual(content["data"][mime], expected)
                self.assertIsInstance(content["data"]["text/plain"], str)
                self.assertIsInstance(content["metadata"], dict)

    def test_a_rich_result_is_an_execute_result(self):
        (content,) = self.shown(self.run_cell('HTML("<b>bold</b>")'), "execute_result")
        self.assertEqual(content["data"]["text/html"], "<b>bold</b>")

    def test_a_display_is_updated_in_place(self):
        outcome = self.run_cell('var shown = display("working"); shown.Update("done");')
        (first,), (update,) = self.shown(outcome), self.shown(outcome, "update_display_data")
        self.assertEqual(first["data"]["text/plain"], "working")
        self.assertEqual(update["data"]["text/plain"], "done")
        self.assertEqual(update["transient"]["display_id"], first["transient"]["display_id"])
        later = self.run_cell('shown.Update(HTML("<b>later</b>"));')
        (update,) = self.shown(later, "update_display_data")
        self.assertEqual(update["transient"]["display_id"], first["transient"]["display_id"])
        self.assertEqual(update["data"]["text/html"], "<b>later</b>")

    def test_output_is_cleared(self):
        outcome = self.run_cell(
            'Console.WriteLine("old"); ClearOutput(true); Console.WriteLine("new"); ClearOutput();')
        self.assertEqual(outcome.outputs, [
            ("stdout", "old\n"), ("clear_output", True), ("stdout", "new\n"), ("clear_output", False)])

    def test_a_display_from_a_thread_goes_to_its_cell(self):
        cell = self.front_end.start(
            'var go = new ManualResetEventSlim(); new Thread(() => { go.Wait(); display("late"); }).Start();')
        self.front_end.finish(cell)
        self.run_cell("go.Set();")
        self.front_end.wait_for_published(lambda m: m["msg_type"] == "display_data" and is_for(m, cell))
