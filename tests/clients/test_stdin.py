"""Tests cells that ask the user for input."""
import time

from kernels import DEADLINE, KernelTestCase


class Stdin(KernelTestCase):
    def answer(self, value, front_end=None):
        """Answers the next input_request and returns its content."""
        front_end = front_end or self.front_end
        request = front_end.receive(front_end.stdin, time.monotonic() + DEADLINE, "no input_request")
        self.assertEqual(request["msg_type"], "input_request")
        front_end.session.send(front_end.stdin, "input_reply", {"value": value}, parent=request)
        return request

    def test_readline_asks_the_front_end(self):
        cell = self.front_end.start('Console.Write("Name: "); var name = Console.ReadLine(); name', allow_stdin=True)
        request = self.answer("Ada 🐱")
        self.assertIs(request["content"]["password"], False)
        self.assertIsInstance(request["content"]["prompt"], str)
        self.assertEqual(request["parent_header"]["msg_id"], cell)
        self.assertEqual(self.front_end.finish(cell).result, "Ada 🐱")

    def test_the_unfinished_line_of_output_is_the_prompt_and_stays_output(self):
        cases = {
            'Console.Write("Name? "); Console.ReadLine()': "Name? ",
            'Console.WriteLine("Hello"); Console.Write("Na"); Console.Out.Flush(); Thread.Sleep(100); Console.Write("me? "); Console.ReadLine()': "Name? ",
            'Console.Write("Who\\n> "); Console.Read()': "> ",
            'await Console.Out.WriteAsync("Name? "); await Console.In.ReadLineAsync()': "Name? ",
            'Console.Error.Write("Name? "); Console.ReadLine()': "Name? ",
            'Console.Write("Name? "); Console.Error.WriteLine("a log"); Console.ReadLine()': "Name? ",
            'Console.Write("50%\\r\\u001b[1mName?\\u001b[0m "); Console.ReadLine()': "Name? ",
            'Console.Write(new string(\'x\', 100_000) + "Name? "); Console.ReadLine()': "x" * 494 + "Name? ",
            'Console.Write("Word? "); GetPassword()': "Word? ",
            'Console.Write("Loading … "); GetInput("Name? ")': "Name? ",
            'Console.WriteLine("Hello"); Console.ReadLine()': "",
            'Console.Write("Hello"); display(1); Console.ReadLine()': "",
        }
        for code, prompt in cases.items():
            with self.subTest(code=code):
                cell = self.front_end.start(code, allow_stdin=True)
                request = self.answer("Ada")
                self.assertEqual(request["content"]["prompt"], prompt)
                outcome = self.front_end.finish(cell)
                self.assertEqual(outcome.status, "ok", outcome.traceback)
                if "display" not in code and "Loading" not in code:
                    self.assertTrue("".join(text for name, text in outcome.outputs if name in ("stdout", "stderr")), "it is output too")

    def test_each_question_has_its_own_line(self):
        cell = self.front_end.start('Console.Write("First? "); var a = Console.ReadLine(); Console.Write("Second? "); a + Console.ReadLine() + Console.ReadLine()', allow_stdin=True)
        self.assertEqual([self.answer(value)["content"]["prompt"] for value in "123"], ["First? ", "Second? ", ""])
        self.assertEqual(self.front_end.finish(cell).result, "123")
        cell = self.front_end.start("Console.ReadLine()", allow_stdin=True)
        self.assertEqual(self.answer("")["content"]["prompt"], "")
        self.front_end.finish(cell)

    def test_several_lines_are_asked_for_one_by_one(self):
        cell = self.front_end.start(
            "var sum = 0; for (var i = 0; i < 3; i++) sum += int.Parse(Console.ReadLine()); sum", allow_stdin=True)
        for value in ("1", "2", "3"):
            self.answer(value)
        self.assertEqual(self.front_end.finish(cell).result, "6")

    def test_characters_are_read_from_a_line(self):
        cell = self.front_end.start(
            '$"{Console.Read()} {Console.In.Peek()} {Console.In.ReadLine()}"', allow_stdin=True)
        self.answer("abc")
        self.assertEqual(self.front_end.finish(cell).result, "97 98 bc")

    def test_a_password_is_asked_for_as_one(self):
        cell = self.front_end.start('GetPassword("Word: ").GetClearTextPassword()', allow_stdin=True)
        content = self.answer("secret")["content"]
        self.assertEqual((content["prompt"], content["password"]), ("Word: ", True))
        outcome = self.front_end.finish(cell)
        self.assertEqual(outcome.result, "secret")

    def test_earlier_output_is_shown_before_the_prompt(self):
        cell = self.front_end.start('Console.WriteLine("first"); Console.ReadLine(); 1', allow_stdin=True)
        self.front_end.wait_for_output(cell, "first")
        self.answer("")
        self.front_end.finish(cell)

    def test_without_allow_stdin_it_is_an_error_of_the_cell(self):
        outcome = self.run_failing_cell("Console.ReadLine()", allow_stdin=False)
        self.assertNotIn(outcome.error["ename"], ("CompileError", "WorkerLost"))
        self.assertFalse(self.front_end.stdin.poll(0))
        self.assert_alive()

    def test_only_the_front_end_that_ran_the_cell_is_asked(self):
        other = self.kernel.connect()
        cell = other.start("Console.ReadLine()", allow_stdin=True)
        self.answer("mine", other)
        self.assertEqual(other.finish(cell).result, "mine")
        self.assertFalse(self.front_end.stdin.poll(0))

    def test_an_unrequested_input_reply_is_dropped(self):
        self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": "stale"})
        self.assert_alive()
        cell = self.front_end.start("Console.ReadLine()", allow_stdin=True)
        self.answer("fresh")
        self.assertEqual(self.front_end.finish(cell).result, "fresh")
