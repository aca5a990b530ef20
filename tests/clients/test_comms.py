"""Tests comms in both directions, and the rows of large tables, which front ends request over a comm."""
import time
import uuid

from kernels import DEADLINE, KernelTestCase, is_for, state
from test_state import State

TABLES = "jupyter-csharp.tables"
TABLE_TYPE = "application/vnd.jupyter-csharp.table+json"


class CommTests:
    """Sends a front end's comm messages."""

    def send_comm(self, message_type, content, front_end=None, **options):
        """Sends a comm message and returns all messages published for it, without busy and idle."""
        front_end = front_end or self.front_end
        messages = front_end.outputs(front_end.send(message_type, content, **options))
        self.assertEqual([state(messages[0]), state(messages[-1])], ["busy", "idle"])
        return messages[1:-1]

    def open(self, target, data=None, **options):
        """Opens a comm, and returns its id and the messages published for it."""
        comm = str(uuid.uuid4())
        return comm, self.send_comm("comm_open", {"comm_id": comm, "target_name": target, "data": data or {}}, **options)

    def say(self, comm, data=None, **options):
        return self.send_comm("comm_msg", {"comm_id": comm, "data": data or {}}, **options)

    def opened_by(self, outcome):
        """The message with which a cell opened a comm."""
        return next(message for message in outcome.messages if message["msg_type"] == "comm_open")

    def comms(self, target=None):
        return self.front_end.ask("comm_info_request", {"target_name": target} if target else {})["comms"]

    def table_of(self, outcome):
        """The id of the table that a cell showed."""
        shown = next(message for message in outcome.messages if message["msg_type"] in ("execute_result", "display_data"))
        return shown["content"]["data"][TABLE_TYPE]["table"]

    def rows(self, table, **query):
        """The kernel's answer to a query."""
        if not hasattr(self, "line"):
            self.line, _ = self.open(TABLES)
        return next(message["content"]["data"] for message in self.say(self.line, {"id": 7, "table": table, **query}) if message["msg_type"] == "comm_msg")

    def cells(self, answer):
        """The texts of the rows, without their names."""
        body = answer["html"].partition("<tbody>")[2].partition("</tbody>")[0]
        return [[cell.rpartition(">")[2] for cell in row.split("</td>")[:-1]] for row in body.split("</tr>")[:-1]]


class Messages(CommTests, KernelTestCase):
    def test_a_cell_opens_a_comm_and_both_sides_send_messages_with_buffers(self):
        opened = self.opened_by(self.run_cell(
            'var comm = Comm.Open("front", new { a = 1 }, new { version = "2" }, [new byte[] { 1, 2 }, new byte[] { 3 }]);\n'
            'comm.OnMessage(message => comm.Send(new { heard = message.Data.GetProperty("text").GetString() }, message.Metadata, message.Buffers));'))
        self.assertEqual({**opened["content"], "comm_id": ""}, {"comm_id": "", "target_name": "front", "data": {"a": 1}})
        self.assertEqual((opened["metadata"], [bytes(buffer) for buffer in opened["buffers"]]), ({"version": "2"}, [b"\x01\x02", b"\x03"]))
        comm = opened["content"]["comm_id"]
        self.assertEqual(self.comms("front"), {comm: {"target_name": "front"}})

        request = self.front_end.send("comm_msg", {"comm_id": comm, "data": {"text": "grüß😀"}}, metadata={"m": 1}, buffers=[b"", b"\xff" * 300_000])
        answer = next(message for message in self.front_end.outputs(request) if message["msg_type"] == "comm_msg")
        self.assertEqual(answer["content"], {"comm_id": comm, "data": {"heard": "grüß😀"}})
        self.assertEqual((answer["metadata"], [bytes(buffer) for buffer in answer["buffers"]]), ({"m": 1}, [b"", b"\xff" * 300_000]))

    def test_a_front_end_opens_a_comm_to_a_registered_target(self):
        self.run_cell('Comm.Register("service", (comm, message) => { comm.Send(message.Data); comm.OnClose(_ => Console.WriteLine("closed")); });')
        comm, messages = self.open("service", {"x": [1, None]})
        self.assertEqual([message["content"]["data"] for message in messages], [{"x": [1, None]}])
        self.assertIn(comm, self.comms())
        closed = self.send_comm("comm_close", {"comm_id": comm, "data": {}})
        self.assertEqual([message["content"].get("text") for message in closed], ["closed\n"])
        self.assertNotIn(comm, self.comms())

    def test_a_cell_closes_a_comm_and_sends_nothing_more(self):
        outcome = self.run_cell('var gone = Comm.Open("front"); gone.Close("bye");')
        self.assertEqual([message["content"].get("data") for message in outcome.messages if message["msg_type"] == "comm_close"], ["bye"])
        self.assertNotIn(self.opened_by(outcome)["content"]["comm_id"], self.comms())
        self.assertIn("closed", self.run_failing_cell("gone.Send(1);").error["evalue"])

    def test_outputs_of_a_handler_belong_to_its_message(self):
        comm = self.opened_by(self.run_cell(
            'var told = 0; var talker = Comm.Open("front"); talker.OnMessage(async message => { await Task.Delay(20); told++; display(told); Console.WriteLine("printed"); });'))["content"]["comm_id"]
        self.assertEqual([message["msg_type"] for message in self.say(comm)], ["display_data", "stream"])
        self.assertEqual(self.run_cell("told").result, "1")

    def test_a_handler_that_throws_shows_its_error_and_the_comm_stays(self):
        comm = self.opened_by(self.run_cell(
            'var thrower = Comm.Open("front");\nthrower.OnMessage(message => throw new InvalidOperationException("no luck"));'))["content"]["comm_id"]
        (error,) = self.say(comm)
        self.assertEqual((error["msg_type"], error["content"]["ename"], error["content"]["evalue"]), ("error", "InvalidOperationException", "no luck"))
        self.assertIn("line 2", "\n".join(error["content"]["traceback"]))
        self.assertNotIn("ReceiveAsync", "\n".join(error["content"]["traceback"]))
        self.assertIn(comm, self.comms())
        self.assert_alive()

    def test_a_target_that_throws_closes_the_comm(self):
        self.run_cell('Comm.Register("broken", (comm, message) => throw new FormatException("no"));')
        comm, messages = self.open("broken")
        self.assertEqual([message["msg_type"] for message in messages], ["comm_close", "error"])
        self.assertNotIn(comm, self.comms())

    def test_a_handler_that_hangs_or_sends_endlessly_is_interrupted(self):
        for name, body in (("hangs", "Thread.Sleep(-1)"), ("loops", "while (true) ;"), ("sends", "while (true) busy.Send(1)")):
            with self.subTest(name):
                comm = self.opened_by(self.run_cell(
                    f'var kept = 5; var busy = Comm.Open("front"); busy.OnMessage(_ => {{ busy.Send("begun"); {body}; }});'))["content"]["comm_id"]
                request = self.front_end.send("comm_msg", {"comm_id": comm, "data": {}})
                self.front_end.wait_for_published(lambda message: message["msg_type"] == "comm_msg" and is_for(message, request))
                waiting = self.front_end.start("kept")
                self.front_end.interrupt()
                error = next(message for message in self.front_end.outputs(request) if message["msg_type"] == "error")
                self.assertIn("interrupted", error["content"]["evalue"])
                self.assertEqual(self.front_end.finish(waiting).result, "5")

    def test_a_message_waits_for_the_running_cell(self):
        comm = self.opened_by(self.run_cell('var order = ""; var late = Comm.Open("front"); late.OnMessage(_ => order += "handler ");'))["content"]["comm_id"]
        cell = self.front_end.start('Console.WriteLine("begun"); Thread.Sleep(300); order += "cell ";')
        self.front_end.wait_for_output(cell, "begun")
        request = self.front_end.send("comm_msg", {"comm_id": comm, "data": {}})
        self.front_end.finish(cell)
        self.front_end.outputs(request)
        self.assertEqual(self.run_cell("order").result, "cell handler ")

    def test_a_failed_cell_does_not_drop_comm_messages_after_it(self):
        comm = self.opened_by(self.run_cell('var heard = 0; var behind = Comm.Open("front"); behind.OnMessage(_ => heard++);'))["content"]["comm_id"]
        cell = self.front_end.start('Thread.Sleep(200); throw new Exception();')
        request = self.front_end.send("comm_msg", {"comm_id": comm, "data": {}})
        self.front_end.finish(cell)
        self.front_end.outputs(request)
        self.assertEqual(self.run_cell("heard").result, "1")

    def test_hostile_comm_messages_are_survived(self):
        comm = self.opened_by(self.run_cell('var any = Comm.Open("front"); any.OnMessage(message => any.Send(message.Data.ToString().Length));'))["content"]["comm_id"]
        deep = {}
        for _ in range(400):
            deep = {"x": deep}
        for content in ({"comm_id": comm, "data": deep}, {"comm_id": comm, "data": "x" * 5_000_000}, {"comm_id": comm, "data": None}, {"comm_id": comm}, {"comm_id": 5}, {"data": {}}, {}):
            self.send_comm("comm_msg", content)
        self.send_comm("comm_open", {"comm_id": comm, "target_name": "front", "data": {}})
        self.assertEqual([message["content"]["data"] for message in self.say(comm, {"a": 1})], [7])

    def test_another_front_end_sees_the_comm_and_talks_over_it(self):
        comm = self.opened_by(self.run_cell('var shared = Comm.Open("front"); shared.OnMessage(message => shared.Send("heard"));'))["content"]["comm_id"]
        other = self.kernel.connect()
        self.assertIn(comm, other.ask("comm_info_request")["comms"])
        request = other.send("comm_msg", {"comm_id": comm, "data": {}})
        self.front_end.wait_for_published(lambda message: message["msg_type"] == "comm_msg" and is_for(message, request))


class Lost(CommTests, State):
    def closed(self, comm):
        return self.front_end.wait_for_published(lambda message: message["msg_type"] == "comm_close" and message["content"]["comm_id"] == comm)

    def prepare(self):
        """Opens a comm from a cell, and one from a front end."""
        cell = self.opened_by(self.run_cell(
            'var count = 0; var comm = Comm.Open("front"); comm.OnMessage(_ => comm.Send(++count)); Comm.Register("service", (_, _) => { });'))["content"]["comm_id"]
        return cell, self.open("service")[0]

    def test_after_a_crash_comms_of_cells_stay_open_and_those_of_front_ends_are_closed(self):
        mine, theirs = self.prepare()
        self.front_end.run("Environment.FailFast(null);")
        self.closed(theirs)
        self.assertEqual(list(self.comms()), [mine])
        self.assertEqual([message["content"]["data"] for message in self.say(mine)], [1])
        again, messages = self.open("service")
        self.assertEqual((messages, again in self.comms()), ([], True))

    def test_a_comm_of_the_cell_that_crashed_is_closed(self):
        outcome = self.front_end.run('Comm.Open("front"); Thread.Sleep(100); Environment.Exit(1);')
        self.closed(self.opened_by(outcome)["content"]["comm_id"])
        self.assertEqual(self.comms(), {})

    def test_a_worker_that_is_lost_while_nothing_runs_is_replaced_for_a_message(self):
        mine, theirs = self.prepare()
        self.worker().kill()
        self.closed(theirs)
        self.assertEqual([message["content"]["data"] for message in self.say(mine)], [1])

    def test_changes_of_a_handler_survive_a_recycle(self):
        mine, theirs = self.prepare()
        for _ in range(3):
            self.say(mine)
        self.run_cell("#!recycle")
        self.closed(theirs)
        self.assertEqual([message["content"]["data"] for message in self.say(mine)], [4])

    def test_changes_of_a_handler_survive_a_crash(self):
        mine, _ = self.prepare()
        for _ in range(3):
            self.say(mine)
        self.run_cell("1")
        self.front_end.run("Environment.FailFast(null);")
        self.assertEqual([message["content"]["data"] for message in self.say(mine)], [4])

    def test_a_comm_that_the_front_end_has_closed_stays_closed(self):
        mine, _ = self.prepare()
        self.send_comm("comm_close", {"comm_id": mine, "data": {}})
        self.run_cell("#!recycle")
        self.assertEqual((mine in self.comms(), self.run_cell("comm.IsClosed").result), (False, "True"))

    def test_a_table_continues_in_a_fresh_worker(self):
        table = self.table_of(self.run_cell("Enumerable.Range(0, 100).Select(i => new { i }).ToList()"))
        before = self.rows(table, offset=20)
        self.front_end.run("Environment.FailFast(null);")
        after = self.rows(table, offset=20)
        self.assertEqual((after["html"], after["process"] == before["process"]), (before["html"], False))
        self.run_cell("#!recycle")
        self.assertEqual(self.rows(table, offset=20)["html"], before["html"])


class Tables(CommTests, KernelTestCase):
    def test_rows_are_paged_sorted_and_filtered(self):
        table = self.table_of(self.run_cell('Enumerable.Range(0, 100).Select(i => new { Number = i, Word = i % 2 == 0 ? "<even>" : "odd" }).ToList()'))
        answer = self.rows(table, offset=40, count=2)
        self.assertEqual((answer["id"], answer["rows"], answer["all"], self.cells(answer)), (7, 100, 100, [["40", "&lt;even&gt;"], ["41", "odd"]]))
        answer = self.rows(table, count=2, sort="Number", descending=True, filter="Number < 50")
        self.assertEqual((answer["rows"], self.cells(answer)), (50, [["49", "odd"], ["48", "&lt;even&gt;"]]))

    def test_a_small_table_and_a_lazy_sequence_have_no_further_rows(self):
        for code in ("Enumerable.Range(0, 20).Select(i => new { i }).ToList()", "Enumerable.Range(0, 50).Select(i => new { i })", "Enumerable.Range(0, 50).ToList()"):
            shown = next(message for message in self.run_cell(code).messages if message["msg_type"] == "execute_result")
            self.assertNotIn(TABLE_TYPE, shown["content"]["data"])

    def test_plain_rows_are_read_while_a_cell_runs(self):
        table = self.table_of(self.run_cell("record Row(int Number, DateOnly Day);\nEnumerable.Range(0, 100).Select(i => new Row(i, new DateOnly(2026, 1, 1))).ToList()"))
        cell = self.front_end.start('Console.WriteLine("begun"); Thread.Sleep(-1);')
        self.front_end.wait_for_output(cell, "begun")
        answer = self.rows(table, sort="Number", descending=True, count=1)
        self.front_end.interrupt()
        self.front_end.finish(cell)
        self.assertEqual(self.cells(answer), [["99", "2026-01-01"]])

    def test_rows_that_run_code_wait_for_the_cell_and_show_their_faults(self):
        table = self.table_of(self.run_cell(
            'class Odd { public int Number { get; set; } public string Word => Number % 2 == 0 ? "even" : throw new Exception("<odd>"); }\nEnumerable.Range(0, 100).Select(i => new Odd { Number = i }).ToArray()'))
        cell = self.front_end.start('Thread.Sleep(300);')
        answer = self.rows(table, count=2, offset=20)
        self.assertEqual(self.front_end.finish(cell).status, "ok")
        self.assertIn("<i>⚠ Exception: &lt;odd&gt;</i>", answer["html"])
        self.assertEqual([self.rows(table, sort="Word", descending=descending, offset=99)["html"].count("⚠") for descending in (False, True)], [20, 20])

    def test_rows_that_never_end_are_interrupted(self):
        table = self.table_of(self.run_cell(
            'class Slow { public int Number { get; set; } public int Never { get { if (Number < 20) return 1; while (true) ; } } }\nEnumerable.Range(0, 100).Select(i => new Slow { Number = i }).ToArray()'))
        line, _ = self.open(TABLES)
        request = self.front_end.send("comm_msg", {"comm_id": line, "data": {"id": 1, "table": table, "offset": 20}})
        self.front_end.wait_for_published(lambda message: is_for(message, request) and state(message) == "busy")
        end = time.monotonic() + DEADLINE
        while not (answered := [message for message in self.front_end.published if is_for(message, request) and message["msg_type"] == "comm_msg"]) and time.monotonic() < end:
            self.front_end.interrupt()
            time.sleep(0.2)
            self.front_end.ask("comm_info_request")
            try:
                self.front_end.outputs(request, deadline=0.1)
            except TimeoutError:
                pass
        self.assertIn("interrupted", answered[0]["content"]["data"]["error"])
        self.assertEqual(len(self.cells(self.rows(table, offset=0, count=20))), 20)

    def test_changing_values_are_read_as_they_are(self):
        table = self.table_of(self.run_cell("var changing = Enumerable.Range(0, 100).Select(i => (i, 1)).ToList(); changing"))
        self.run_cell("changing[30] = (30, 2); changing.RemoveRange(40, 60);")
        answer = self.rows(table, offset=30, count=1)
        self.assertEqual((answer["rows"], self.cells(answer)), (40, [["30", "2"]]))
        self.assertEqual(self.cells(self.rows(table, offset=90, count=20))[0][0], "20")

    def test_tables_of_ADO_NET_and_arrays_of_two_dimensions_are_paged_too(self):
        table = self.table_of(self.run_cell(
            'using System.Data; var data = new DataTable(); data.Columns.Add("N", typeof(int)); foreach (var i in Enumerable.Range(0, 50)) data.Rows.Add(i); data'))
        self.assertEqual(self.cells(self.rows(table, sort="N", descending=True, count=2)), [["49"], ["48"]])
        table = self.table_of(self.run_cell("var square = new int[50, 2]; square[30, 1] = 7; square"))
        self.assertEqual(self.cells(self.rows(table, offset=30, count=1)), [["0", "7"]])

    def test_members_of_items_with_a_text_of_their_own_are_paged_as_they_are_shown(self):
        table = self.table_of(self.run_cell("Enumerable.Range(0, 50).Select(i => new Version(1, i)).ToList().DisplayTable();"))
        self.assertEqual(self.cells(self.rows(table, offset=30, count=1))[0][:2], ["1", "30"])

    def test_an_invalid_query_is_answered_with_the_problem(self):
        table = self.table_of(self.run_cell("Enumerable.Range(0, 100).Select(i => new { i }).ToList()"))
        for query, problem in (
                ({"offset": -1}, "offset is -1"), ({"count": 0}, "count is 0"), ({"count": 1_000_000}, "count is 1000000"), ({"offset": "x"}, "offset is not a whole number"),
                ({"sort": "nowhere"}, "Unknown column 'nowhere'"), ({"sort": 5}, "sort is not text"), ({"filter": "x" * 10_000_000}, "10000000 characters"), ({"table": "other"}, "Run its cell again"), ({"table": None}, "Run its cell again")):
            with self.subTest(str(query)[:50]):
                self.assertIn(problem, self.rows(**{"table": table, **query})["error"])
        line, _ = self.open(TABLES)
        for data in ([], "x", 5, None):
            self.assertIn("error", self.send_comm("comm_msg", {"comm_id": line, "data": data})[0]["content"]["data"])
        self.assertEqual(self.rows(table, offset=10**6, count=20)["offset"], 80)

    def test_a_table_without_its_data_reports_that(self):
        first = self.table_of(self.run_cell("Enumerable.Range(0, 1_000_000).Select(i => new { i }).ToList()"))
        self.run_cell("Enumerable.Range(0, 1_000_000).Select(i => new { i }).ToList()")
        self.run_cell("GC.Collect();")
        answer = self.rows(first)
        self.assertEqual((answer["gone"], "Run its cell again" in answer["error"]), (True, True))
