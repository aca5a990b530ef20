"""Tests requests, replies and published messages, message by message.

Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html
"""
import os
import tempfile
import time
import uuid
from datetime import datetime, timezone

import zmq

from kernels import CHANNELS, DEADLINE, Kernel, KernelTestCase, address, is_for, state


class KernelInfo(KernelTestCase):
    def test_kernel_info_describes_the_kernel_and_the_language(self):
        for channel in ("shell", "control"):
            with self.subTest(channel=channel):
                info = self.front_end.ask("kernel_info_request", channel=channel)
                self.assertEqual(info["status"], "ok")
                self.assertGreaterEqual(tuple(map(int, info["protocol_version"].split("."))), (5, 4))
                self.assertIn("C#", info["banner"])
                self.assertTrue(info["implementation"])
                self.assertTrue(info["implementation_version"])
                self.assertIsInstance(info["supported_features"], list)
                for link in info["help_links"]:
                    self.assertEqual(set(link), {"text", "url"})
                language = info["language_info"]
                self.assertEqual(language["name"], "csharp")
                self.assertEqual(language["mimetype"], "text/x-csharp")
                self.assertEqual(language["file_extension"], ".cs")
                self.assertEqual(language["pygments_lexer"], "csharp")
                self.assertTrue(language["version"])
                self.assertTrue(language["codemirror_mode"])

    def test_a_busy_kernel_still_answers_on_control_and_on_shell(self):
        with tempfile.TemporaryDirectory() as folder:
            signal = os.path.join(folder, "go")
            cell = self.front_end.start(
                f'Console.WriteLine("ready"); while (!File.Exists(@"{signal}")) Thread.Sleep(10);')
            self.front_end.wait_for_output(cell, "ready")
            for channel in ("control", "shell"):
                self.assertEqual(self.front_end.ask("kernel_info_request", channel=channel)["status"], "ok")
            completed = self.front_end.ask("complete_request", {"code": "Console.WriteL", "cursor_pos": 14})
            self.assertIn("WriteLine", completed["matches"])
            inspected = self.front_end.ask(
                "inspect_request", {"code": "Console.WriteLine", "cursor_pos": 17, "detail_level": 0})
            self.assertTrue(inspected["found"])
            open(signal, "w").close()
            self.assertEqual(self.front_end.finish(cell).status, "ok")

    def test_connect_request_is_answered_with_the_ports(self):
        connection = self.front_end.connection
        ports = {f"{channel}_port": connection[f"{channel}_port"] for channel in CHANNELS}
        for channel in ("shell", "control"):
            self.assertEqual(self.front_end.ask("connect_request", channel=channel), {**ports, "status": "ok"})

    def test_the_heartbeat_echoes(self):
        heartbeat = self.front_end.connect("hb", zmq.REQ)
        for ping in (b"ping", b"", os.urandom(1000)):
            heartbeat.send(ping)
            self.assertTrue(heartbeat.poll(DEADLINE * 1000))
            self.assertEqual(heartbeat.recv(), ping)


class Statuses(KernelTestCase):
    REQUESTS = {
        "kernel_info_request": {},
        "complete_request": {"code": "Consol", "cursor_pos": 6},
        "inspect_request": {"code": "Console", "cursor_pos": 7, "detail_level": 0},
        "is_complete_request": {"code": "1"},
        "history_request": {"hist_access_type": "tail", "n": 1, "output": False, "raw": True},
        "comm_info_request": {},
    }

    def test_every_request_is_bracketed_by_busy_and_idle_for_it(self):
        for message_type, content in self.REQUESTS.items():
            with self.subTest(message_type):
                request = self.front_end.send(message_type, content)
                reply = self.front_end.reply(request)
                self.assertEqual(reply["msg_type"], message_type.replace("_request", "_reply"))
                self.assertEqual(reply["parent_header"]["msg_type"], message_type)
                self.assertEqual([state(m) for m in self.front_end.outputs(request)], ["busy", "idle"])

    def test_requests_on_control_are_bracketed_too(self):
        for message_type in ("kernel_info_request", "interrupt_request"):
            with self.subTest(message_type):
                request = self.front_end.send(message_type, channel="control")
                self.assertEqual(self.front_end.reply(request, "control")["content"]["status"], "ok")
                self.assertEqual([state(m) for m in self.front_end.outputs(request)], ["busy", "idle"])

    def test_a_cell_is_bracketed_and_its_outputs_lie_between(self):
        request = self.front_end.start('Console.WriteLine("out"); display("shown"); 5')
        self.front_end.reply(request)
        kinds = [state(m) or m["msg_type"] for m in self.front_end.outputs(request)]

        # The cell's busy is repeated after the idle of another request, such as a kernel_info_request that was answered late.
        kinds = kinds[:1] + [kind for kind in kinds[1:] if kind != "busy"]
        self.assertEqual(kinds, ["busy", "execute_input", "stream", "display_data", "execute_result", "idle"])

    def test_unknown_message_types_are_bracketed_and_nothing_else(self):
        for channel in ("shell", "control"):
            with self.subTest(channel=channel):
                request = self.front_end.send("make_coffee_request", {"sugar": 2}, channel=channel)
                self.assertEqual([state(m) for m in self.front_end.outputs(request)], ["busy", "idle"])
        self.assert_alive()

    def test_a_message_with_buffers_is_taken(self):
        request = self.front_end.send("kernel_info_request", buffers=[b"\x00\xff" * 1000, b""])
        self.assertEqual(self.front_end.reply(request)["content"]["status"], "ok")


class Execute(KernelTestCase):
    def test_the_counter_counts_and_goes_with_every_message_of_the_cell(self):
        first = self.run_cell("1").reply["execution_count"]
        outcome = self.run_cell("2")
        self.assertEqual(outcome.reply["execution_count"], first + 1)
        for message in outcome.messages:
            if message["msg_type"] in ("execute_input", "execute_result"):
                self.assertEqual(message["content"]["execution_count"], first + 1)
        echo = next(m["content"]["code"] for m in outcome.messages if m["msg_type"] == "execute_input")
        self.assertEqual(echo, "2")
        self.assertEqual(self.run_failing_cell("nope").reply["execution_count"], first + 2)

    def test_a_silent_cell_publishes_nothing_and_does_not_count(self):
        before = self.run_cell("1").reply["execution_count"]
        outcome = self.run_cell('Console.WriteLine("unseen"); display(1); var kept = 5; kept', silent=True)
        self.assertEqual([state(m) for m in outcome.messages], ["busy", "idle"])
        outcome = self.run_cell("kept")
        self.assertEqual(outcome.result, "5")
        self.assertEqual(outcome.reply["execution_count"], before + 1)

    def test_an_empty_silent_cell_returns_the_counter(self):
        before = self.run_cell("1").reply["execution_count"]
        self.assertEqual(self.run_cell("", silent=True).reply["execution_count"], before)

    def test_a_cell_that_stores_no_history_shows_but_does_not_count(self):
        before = self.run_cell("1").reply["execution_count"]
        self.assertEqual(self.run_cell("2", store_history=False).result, "2")
        self.assertEqual(self.run_cell("3").reply["execution_count"], before + 1)

    def test_an_empty_cell_is_fine(self):
        for code in ("", "   \n ", "// nothing"):
            with self.subTest(code=code):
                self.assertIsNone(self.run_cell(code).result)

    def test_user_expressions_are_evaluated_after_the_cell(self):
        outcome = self.run_cell("var side = 3;", user_expressions={
            "area": "side * side", "missing": "nothingOfThatName", "thrown": 'int.Parse("x")', "broken": "1 +"})
        answers = outcome.reply["user_expressions"]
        self.assertEqual(answers["area"]["status"], "ok")
        self.assertEqual(answers["area"]["data"]["text/plain"], "9")
        self.assertIn("metadata", answers["area"])
        for name, error in (("missing", "CompileError"), ("thrown", "FormatException"), ("broken", "CompileError")):
            with self.subTest(name):
                self.assertEqual(answers[name]["status"], "error")
                self.assertEqual(answers[name]["ename"], error)
                self.assertTrue(answers[name]["evalue"])
                self.assertIsInstance(answers[name]["traceback"], list)
        self.assertIsNone(outcome.error)

    def test_user_expressions_of_a_failed_cell_are_not_evaluated(self):
        outcome = self.run_failing_cell("throw new Exception();", user_expressions={"x": "1"})
        self.assertFalse(outcome.reply.get("user_expressions"))

    def queue_behind_a_failure(self, **content):
        """Sends a cell that fails once the others are queued after it, and those."""
        with tempfile.TemporaryDirectory() as folder:
            signal = os.path.join(folder, "go")
            failing = self.front_end.start(
                f'while (!File.Exists(@"{signal}")) Thread.Sleep(10); throw new Exception("first");', **content)
            queued = [self.front_end.start('Console.WriteLine("second");'), self.front_end.start("3")]
            question = self.front_end.send("is_complete_request", {"code": "1"})
            self.front_end.reply(question)
            open(signal, "w").close()
            self.assertEqual(self.front_end.finish(failing).status, "error")
            return [self.front_end.finish(request) for request in queued]

    def test_cells_queued_after_a_failed_one_are_aborted(self):
        for outcome in self.queue_behind_a_failure(stop_on_error=True):
            self.assertEqual(outcome.status, "aborted")
            self.assertEqual(outcome.outputs, [])
        self.assert_alive()

    def test_with_stop_on_error_false_the_queue_continues(self):
        second, third = self.queue_behind_a_failure(stop_on_error=False)
        self.assertEqual(second.outputs, [("stdout", "second\n")])
        self.assertEqual(third.result, "3")

    def test_cells_run_in_the_order_they_were_sent(self):
        requests = [self.front_end.start(f"Console.Write({n});") for n in range(20)]
        self.assertEqual("".join(self.front_end.finish(r).stdout for r in requests), "".join(map(str, range(20))))


class FailuresAndClocks(KernelTestCase):
    """Tests that requests received before a failure was published are aborted and later ones run, whatever the clients' clocks."""

    DATES = ["2030-01-01T00:00:00.000000Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999+00:00", "0001-01-01T00:00:00+14:00",
             "yesterday", "", None]

    def start_dated(self, date, code, front_end=None):
        """Sends a cell with a date in its header, or without one if it is None."""
        front_end = front_end or self.front_end
        message = front_end.session.msg("execute_request", {"code": code})
        message["header"]["date"] = date
        if date is None:
            del message["header"]["date"]
        front_end.session.send(front_end.shell, message)
        return message["msg_id"]

    def test_a_cell_that_is_sent_after_a_failure_runs_whatever_the_dates(self):
        for failed in self.DATES:
            for later in self.DATES + [datetime.now(timezone.utc).isoformat()]:
                with self.subTest(failed=failed, later=later):
                    failing = self.front_end.finish(self.start_dated(failed, 'throw new Exception("x");'))
                    self.assertEqual(failing.status, "error")
                    self.assertEqual(self.front_end.finish(self.start_dated(later, "1")).result, "1")

    def test_a_client_that_has_seen_only_the_published_error_is_not_aborted(self):
        for _ in range(10):
            failing = self.start_dated("2030-01-01T00:00:00Z", "throw new Exception();")
            self.front_end.wait_for_published(lambda m: m["msg_type"] == "error" and is_for(m, failing))
            self.assertEqual(self.run_cell("1").result, "1")
            self.front_end.finish(failing)

    def test_requests_queued_after_a_failed_cell_are_aborted_whatever_their_dates(self):
        with tempfile.TemporaryDirectory() as folder:
            signal = os.path.join(folder, "go")
            failing = self.start_dated(
                "1970-01-01T00:00:00Z", f'while (!File.Exists(@"{signal}")) Thread.Sleep(10); throw new Exception("first");')
            queued = [self.start_dated(date, "1") for date in self.DATES]
            self.front_end.ask("is_complete_request", {"code": "1"})
            open(signal, "w").close()
            self.assertEqual(self.front_end.finish(failing).status, "error")
            self.assertEqual({self.front_end.finish(request).status for request in queued}, {"aborted"})
        self.assert_alive()

    def test_requests_received_before_an_immediate_failure_is_published_are_aborted(self):
        for code in ("does not compile", "throw new Exception();"):
            for count in (2, 200):
                with self.subTest(code=code, count=count):
                    expected = ["error"] + ["aborted"] * (count - 1)
                    # A client that loses its processor for longer than a burst may pause has sent the rest later.
                    statuses = next((s for s in (self.statuses_of_burst(code, count) for _ in range(5)) if s == expected), None)
                    self.assertIsNotNone(statuses, "five times, cells ran that were sent before the failure was published")
        self.assert_alive()

    def statuses_of_burst(self, code, count):
        session = self.front_end.session
        cells = [session.msg("execute_request", {"code": code if n == 0 else "Ran++;"}) for n in range(count)]
        for frames in [session.serialize(cell) for cell in cells]:
            self.front_end.shell.send_multipart(frames)
        return [self.front_end.finish(cell["msg_id"]).status for cell in cells]

    def test_a_client_that_keeps_sending_gets_the_failure_nevertheless(self):
        request = self.front_end.start("throw new Exception();")
        end = time.monotonic() + 3
        sent = []
        while not self.front_end.shell.poll(5) and time.monotonic() < end:
            sent.append(self.front_end.start("1"))
        self.assertEqual(self.front_end.reply(request)["content"]["status"], "error")
        for cell in sent:
            self.front_end.reply(cell)
        self.assert_alive()

    def test_the_failure_of_one_client_aborts_nothing_that_another_sends_later(self):
        other = self.kernel.connect()
        self.front_end.finish(self.start_dated("2030-01-01T00:00:00Z", "throw new Exception();"))
        self.assertEqual(other.finish(self.start_dated("1970-01-01T00:00:00Z", "1", other)).result, "1")
        other.session.session = self.front_end.session.session  # a second connection of the same session
        self.assertEqual(other.finish(self.start_dated("1970-01-01T00:00:00Z", "2", other)).result, "2")


class TwoFrontEnds(KernelTestCase):
    def test_both_see_all_outputs_and_only_the_asker_gets_the_reply(self):
        other = self.kernel.connect()
        request = self.front_end.start('Console.WriteLine("for all"); 5')
        mine = self.front_end.finish(request)
        theirs = other.outputs(request)
        self.assertEqual(
            [(m["msg_type"], m["content"]) for m in theirs], [(m["msg_type"], m["content"]) for m in mine.messages])
        self.assertEqual(other.run("1 + 1").result, "2")  # a reply of its own, with no other before it
        self.assertNotIn(request, other.replies)

    def test_both_share_their_variables(self):
        other = self.kernel.connect()
        self.run_cell("var shared = 11;")
        self.assertEqual(other.run("shared").result, "11")

    def test_a_new_subscription_is_welcomed(self):
        socket = self.front_end.context.socket(zmq.SUB)
        socket.subscribe(b"")
        socket.connect(address(self.front_end.connection, "iopub"))
        self.assertTrue(socket.poll(DEADLINE * 1000))
        _, welcome = self.front_end.session.clone().recv(socket)  # the other socket is welcomed by the same message
        self.assertEqual(welcome["msg_type"], "iopub_welcome")
        self.assertEqual(welcome["content"]["subscription"], "")
        self.assertEqual(welcome["parent_header"], {})

    def late_subscriber(self):
        """A client that requests kernel_info, and subscribes only after the reply. Returns the request, and a function that waits
        for a published message."""
        late = self.kernel.connect()
        request = late.send("kernel_info_request", {})
        late.reply(request)
        late.outputs(request)
        socket = late.connect("iopub", zmq.SUB)
        session = late.session.clone()

        def wait_for(condition):
            while socket.poll(DEADLINE * 1000):
                message = session.recv(socket)[1]
                if condition(message):
                    return message
            self.fail("nothing came")

        return request, wait_for

    def test_a_subscription_that_comes_too_late_for_kernel_infos_idle_gets_it(self):
        request, wait_for = self.late_subscriber()
        self.assertTrue(wait_for(lambda m: state(m) == "idle" and is_for(m, request)))
        self.assert_alive()

    def test_a_client_that_subscribes_while_a_cell_runs_receives_the_busy_status(self):
        with tempfile.TemporaryDirectory() as folder:
            signal = os.path.join(folder, "go")
            cell = self.front_end.start(f'Console.WriteLine("ready"); while (!File.Exists(@"{signal}")) Thread.Sleep(10);')
            self.front_end.wait_for_output(cell, "ready")
            request, wait_for = self.late_subscriber()
            wait_for(lambda m: state(m) == "idle" and is_for(m, request))
            self.assertTrue(is_for(wait_for(lambda m: state(m)), cell))
            open(signal, "w").close()
            self.assertEqual(self.front_end.finish(cell).status, "ok")


class Reconnecting(KernelTestCase):
    """Tests clients that reconnect under their identity while the kernel has not seen their old connection end."""

    def test_a_client_that_reconnects_is_answered_on_every_channel(self):
        old = self.kernel.connect(reconnects=False)
        self.assertEqual(old.run("1").result, "1")
        new = self.kernel.connect(session_id=old.session.session)
        self.assertEqual(new.run("1 + 1").result, "2")
        self.assertEqual(new.interrupt()["status"], "ok")
        for _ in range(2):
            heartbeat = new.connect("hb")
            heartbeat.send_multipart([b"", b"ping"])
            self.assertTrue(heartbeat.poll(DEADLINE * 1000))

    def test_a_client_that_reconnects_is_asked_by_its_cell_and_gets_the_reply(self):
        old = self.kernel.connect(reconnects=False)
        with tempfile.TemporaryDirectory() as folder:
            signal = os.path.join(folder, "go")
            cell = old.start(f'Console.WriteLine("ready"); while (!File.Exists(@"{signal}")) Thread.Sleep(10); Console.ReadLine()', allow_stdin=True)
            old.wait_for_output(cell, "ready")
            new = self.kernel.connect(session_id=old.session.session)
            monitor = new.stdin.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
            new.stdin.disconnect(address(new.connection, "stdin"))
            new.stdin.connect(address(new.connection, "stdin"))
            self.assertTrue(monitor.poll(DEADLINE * 1000), "stdin does not connect")
            new.stdin.disable_monitor()
            new.ask("kernel_info_request")
            open(signal, "w").close()
            question = new.receive(new.stdin, time.monotonic() + DEADLINE, "no input_request")
            self.assertEqual(question["parent_header"]["msg_id"], cell)
            new.session.send(new.stdin, "input_reply", {"value": "answer"}, parent=question)
            self.assertEqual(new.reply(cell)["content"]["status"], "ok")

    def test_of_two_clients_with_one_identity_the_later_one_is_answered_and_others_are_not_disturbed(self):
        first = self.kernel.connect()
        second = self.kernel.connect(session_id=first.session.session)
        for _ in range(5):
            first.start("1")
            self.assert_alive(second)
            self.assert_alive()
        first.close()
        self.assert_alive(second)
        second.close()
        self.assert_alive(self.kernel.connect(session_id=first.session.session))


class Comms(KernelTestCase):
    def test_an_unknown_target_is_closed(self):
        comm = str(uuid.uuid4())
        request = self.front_end.send("comm_open", {"comm_id": comm, "target_name": "nobody", "data": {"x": 1}})
        kinds = [(state(m) or m["msg_type"]) for m in self.front_end.outputs(request)]
        self.assertEqual(kinds, ["busy", "comm_close", "idle"])
        closed = self.front_end.wait_for_published(lambda m: m["msg_type"] == "comm_close" and is_for(m, request))
        self.assertEqual(closed["content"]["comm_id"], comm)
        self.assertEqual(self.front_end.ask("comm_info_request"), {"status": "ok", "comms": {}})

    def test_messages_for_an_unknown_comm_are_only_bracketed(self):
        for message_type in ("comm_msg", "comm_close"):
            with self.subTest(message_type):
                request = self.front_end.send(message_type, {"comm_id": str(uuid.uuid4()), "data": {}})
                self.assertEqual([state(m) for m in self.front_end.outputs(request)], ["busy", "idle"])

    def test_comm_info_can_be_asked_for_one_target(self):
        self.assertEqual(
            self.front_end.ask("comm_info_request", {"target_name": "nobody"}), {"status": "ok", "comms": {}})


class History(KernelTestCase):
    def ask_history(self, front_end=None, **content):
        answer = (front_end or self.front_end).ask("history_request", {"output": False, "raw": True, **content})
        self.assertEqual(answer["status"], "ok")
        return answer["history"]

    def mark(self):
        """A text that is in no other history."""
        return uuid.uuid4().hex

    def test_tail_gives_the_last_inputs_in_order(self):
        codes = [f"// {self.mark()}\n{n}" for n in range(3)]
        counts = [self.run_cell(code).reply["execution_count"] for code in codes]
        tail = self.ask_history(hist_access_type="tail", n=3)
        self.assertEqual([code for _, _, code in tail], codes)
        self.assertEqual([line for _, line, _ in tail], counts)

    def test_outputs_accompany_the_inputs_on_request(self):
        code = f"// {self.mark()}\n6 * 7"
        self.run_cell(code)
        self.assertEqual(self.ask_history(hist_access_type="tail", n=1, output=True)[0][2], [code, "42"])

    def test_range_gives_lines_of_this_session(self):
        codes = [f"// {self.mark()}" for _ in range(3)]
        first = [self.run_cell(code).reply["execution_count"] for code in codes][0]
        for session in (0, self.ask_history(hist_access_type="tail", n=1)[0][0]):
            lines = self.ask_history(hist_access_type="range", session=session, start=first, stop=first + 2)
            self.assertEqual([(line, code) for _, line, code in lines], [(first, codes[0]), (first + 1, codes[1])])

    def test_search_takes_a_glob(self):
        mark = self.mark()
        codes = [f"// {mark} one", f"// {mark} two", f"// {mark} tree"]
        for code in codes:
            self.run_cell(code)

        def search(pattern, **content):
            return [code for _, _, code in self.ask_history(hist_access_type="search", pattern=pattern, **content)]

        self.assertEqual(search(f"*{mark}*"), codes)
        self.assertEqual(search(f"*{mark} t??"), codes[1:2])
        self.assertEqual(search(f"*{mark}*", n=2), codes[1:])
        self.assertEqual(search(f"{mark}"), [])

    def test_unique_leaves_out_what_came_twice(self):
        code = f"// {self.mark()}"
        for _ in range(3):
            self.run_cell(code)
        self.assertEqual(len(self.ask_history(hist_access_type="search", pattern=code)), 3)
        self.assertEqual(len(self.ask_history(hist_access_type="search", pattern=code, unique=True)), 1)

    def test_silent_and_unstored_cells_are_not_in_the_history(self):
        code = f"// {self.mark()}"
        self.run_cell(code, silent=True)
        self.run_cell(code, store_history=False)
        self.assertEqual(self.ask_history(hist_access_type="search", pattern=code), [])

    def test_failed_cells_are_in_the_history(self):
        code = f"nope(); // {self.mark()}"
        self.run_failing_cell(code)
        self.assertEqual([c for _, _, c in self.ask_history(hist_access_type="search", pattern=code)], [code])

    def test_the_next_kernel_remembers(self):
        code = f"// {self.mark()}\n6 * 7"
        with Kernel() as earlier:
            earlier.front_end.run(code)
        with Kernel() as later:
            found = self.ask_history(later.front_end, hist_access_type="search", pattern=code, output=True)
            self.assertEqual([(line, texts) for _, line, texts in found], [(1, [code, "42"])])
            lines = self.ask_history(
                later.front_end, hist_access_type="range", session=found[0][0], start=1, stop=2)
            self.assertEqual(lines, [[found[0][0], 1, code]])


class CompleteAndInspect(KernelTestCase):
    def complete(self, code, cursor_pos=None):
        """The completed texts, and the reply."""
        cursor_pos = len(code) if cursor_pos is None else cursor_pos
        reply = self.front_end.ask("complete_request", {"code": code, "cursor_pos": cursor_pos})
        self.assertEqual(reply["status"], "ok")
        self.assertIn("metadata", reply)
        return [code[:reply["cursor_start"]] + m + code[reply["cursor_end"]:] for m in reply["matches"]], reply

    def test_members_are_completed(self):
        texts, reply = self.complete("Console.WriteL")
        self.assertIn("Console.WriteLine", texts)
        self.assertEqual(reply["cursor_end"], 14)

    def test_variables_of_earlier_cells_are_completed(self):
        self.run_cell("var temperature = 21.5;")
        self.assertIn("temperature", self.complete("tempera")[0])
        self.assertIn("temperature.CompareTo", self.complete("temperature.Comp")[0])

    def test_the_middle_of_a_cell_is_completed(self):
        self.assertIn("Console.WriteLine(1);\n2", self.complete("Console.WriteL(1);\n2", 14)[0])

    def test_the_cursor_counts_code_points(self):
        code = 'var cats = "🐱🐱🐱"; Console.WriteL'
        texts, reply = self.complete(code)
        self.assertIn(code + "ine", texts)
        self.assertEqual(reply["cursor_end"], len(code))
        code = '"🐱🐱🐱"; Console.WriteLine("x")'
        reply = self.front_end.ask(
            "inspect_request", {"code": code, "cursor_pos": code.index("teLine"), "detail_level": 0})
        self.assertTrue(reply["found"])
        self.assertIn("WriteLine", reply["data"]["text/plain"])

    def test_nothing_is_completed_in_a_string(self):
        self.assertEqual(self.complete('"Console.WriteL')[0], [])

    def test_a_cursor_beyond_the_code_is_survived(self):
        for position in (1000, -1, 2**31):
            for message_type in ("complete_request", "inspect_request"):
                with self.subTest(message_type, position=position):
                    reply = self.front_end.ask(message_type, {"code": "Con", "cursor_pos": position})
                    self.assertIn(reply["status"], ("ok", "error"))
        self.assert_alive()

    def test_symbols_are_inspected(self):
        self.run_cell("/// <summary>Doubles.</summary>\nint Twice(int n) => 2 * n;")
        for code, expected in (("Math.Max", "Max"), ("Twice", "int Twice(int n)"), ("string", "String")):
            with self.subTest(code):
                reply = self.front_end.ask(
                    "inspect_request", {"code": code, "cursor_pos": len(code), "detail_level": 0})
                self.assertEqual((reply["status"], reply["found"]), ("ok", True))
                self.assertIn(expected.lower(), reply["data"]["text/plain"].lower())

    def test_unknown_names_are_not_found(self):
        for code in ("nothingOfThatName", "", "   "):
            with self.subTest(code):
                reply = self.front_end.ask(
                    "inspect_request", {"code": code, "cursor_pos": len(code), "detail_level": 0})
                self.assertEqual(reply, {"status": "ok", "found": False, "data": {}, "metadata": {}})


class IsComplete(KernelTestCase):
    def test_code_is_judged(self):
        for status, codes in {
            "complete": ["", "1 + 1", "var x = 1;", "foreach (var n in new[] { 1 }) { }", "1 // note"],
            "incomplete": ["if (true) {", "class A\n{\n    int b;", "new[] { 1,", "/* to be", 'var s = """'],
            "invalid": [")", "1 + ) 2;", "int 1x = 2;"],
        }.items():
            for code in codes:
                with self.subTest(code):
                    reply = self.front_end.ask("is_complete_request", {"code": code})
                    self.assertEqual(reply["status"], status)
                    self.assertEqual("indent" in reply, status == "incomplete")

    def test_the_indent_follows_the_open_braces(self):
        reply = self.front_end.ask("is_complete_request", {"code": "class A\n{\n    void B()\n    {"})
        self.assertEqual(reply["indent"], "        ")
