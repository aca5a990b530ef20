"""Tests jupyter console, through a terminal."""
import io
import os
import sys
import unittest

import pexpect

from kernels import DEADLINE, KERNEL_NAME


class Console(unittest.TestCase):
    def start(self, *options):
        self.seen = io.StringIO()
        self.console = pexpect.spawn(
            sys.executable, ["-m", "jupyter_console", "--kernel", KERNEL_NAME, *options],
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            dimensions=(40, 120), timeout=DEADLINE, encoding="utf-8", logfile=self.seen)
        self.addCleanup(self.console.close, force=True)
        self.prompt(1)

    def end(self):
        self.console.send("\x04")  # Ctrl+D
        self.expect("really want to exit")
        self.enter("y")
        self.expect(pexpect.EOF)
        self.console.wait()

    def prompt(self, number):
        colour = r"(?:\x1b\[[0-9;]*m)*"
        self.expect(rf"In \[{colour}{number}{colour}\]: ")

    def expect(self, *patterns):
        try:
            return self.console.expect(list(patterns))
        except (pexpect.TIMEOUT, pexpect.EOF):
            self.fail(f"{patterns} did not appear. What did: {self.seen.getvalue()!r}")

    def enter(self, code):
        self.console.send(code + "\r")

    def test_a_session_in_the_terminal(self):
        self.start()

        # A cell runs.
        self.enter("6 * 700 + 42")
        self.expect("4242")
        self.prompt(2)

        # Tab completes.
        self.console.send("Console.WriteL\t")
        self.expect("ine")
        self.enter('("tab" + "bed");')
        self.expect("tabbed")
        self.prompt(3)

        # A cell may have many lines.
        for line in ("int Twice(int n) {", "return n"):
            self.enter(line)
            self.expect(r"\.\.\.: ")
        self.enter("* 2; }")
        self.prompt(4)
        self.enter("Twice(2121)")
        self.expect("4242")
        self.prompt(5)

        # An error is shown.
        self.enter('throw new TimeoutException("too " + "late");')
        self.expect("TimeoutException")
        self.expect("too late")
        self.prompt(6)

        # Input is asked for.
        self.enter('Console.Write("na" + "me? "); "<" + Console.ReadLine() + ">"')
        self.expect(r"name\? ")
        self.enter("typed")
        self.expect("<typed>")
        self.prompt(7)

        self.end()

    def test_ctrl_c_interrupts(self):
        # With its full prompt, jupyter console loses SIGINT to prompt_toolkit 3.0.36, whatever the kernel.
        self.start("--simple-prompt")
        self.enter("var kept = 4242;")
        self.prompt(2)
        self.enter('Console.WriteLine("rea" + "dy"); while (true) { }')
        self.expect("ready\r\n")
        self.console.sendintr()
        self.expect("Interrupted")
        self.prompt(3)
        self.enter("kept")
        self.expect("4242")
        self.prompt(4)
        self.end()
