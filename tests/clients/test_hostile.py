"""Tests hostile input on the kernel's ports: whatever arrives, the next valid request works."""
import hashlib
import hmac
import json
import os
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from datetime import datetime, timezone

import psutil
import zmq

from kernels import CHANNELS, DEADLINE, FrontEnd, Kernel, KernelTestCase, address, state

CONTENTS = {
    "execute_request": {"code": "1 + 1", "silent": False, "store_history": True, "user_expressions": {},
                        "allow_stdin": False, "stop_on_error": False},
    "complete_request": {"code": "Consol", "cursor_pos": 6},
    "inspect_request": {"code": "Console", "cursor_pos": 7, "detail_level": 0},
    "is_complete_request": {"code": "1"},
    "history_request": {"output": False, "raw": True, "hist_access_type": "range", "session": 0, "start": 0, "stop": 1,
                        "n": 1, "pattern": "*", "unique": False},
    "comm_info_request": {"target_name": "x"},
    "comm_open": {"comm_id": "a", "target_name": "x", "data": {}},
    "comm_msg": {"comm_id": "a", "data": {}},
    "comm_close": {"comm_id": "a", "data": {}},
}
WRONG_VALUES = [None, True, -1, 1.5, 2**70, "text", "", [], [1], {}, {"a": [{}]}]
# ZMTP 3.0: the greeting, and the command that ends the handshake of the NULL mechanism.
GREETING = b"\xff" + bytes(7) + b"\x01\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x26\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER" + b"\x08Identity" + bytes(4)
NOT_OBJECTS = [b"", b"{", b"nonsense", b"[]", b"1", b'"text"', b"null", b"{} {}", b'{"a":}', b"\xff\xfe\x00{", b"\x00",
               b'{"a": "\xc3\x28"}', b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 200_000 + b"1" + b"}" * 200_000]


class HostileTestCase(KernelTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.kernel.manager.session.key
        cls.context = cls.front_end.context

    def connect_anonymously(self, channel):
        dealer = self.context.socket(zmq.DEALER)
        dealer.linger = 10_000
        dealer.sndhwm = 0
        dealer.connect(address(self.front_end.connection, channel))
        self.addCleanup(dealer.close)
        return dealer

    def signed(self, header=None, parent=b"{}", metadata=b"{}", content=b"{}", key=None):
        frames = [json.dumps(self.header()).encode() if header is None else header, parent, metadata, content]
        digest = hmac.new(self.key if key is None else key, b"".join(frames), hashlib.sha256)
        return [b"<IDS|MSG>", digest.hexdigest().encode(), *frames]

    def header(self, **fields):
        return {"msg_id": uuid.uuid4().hex, "msg_type": "kernel_info_request", "username": "mallory",
                "session": uuid.uuid4().hex, "date": datetime.now(timezone.utc).isoformat(), "version": "5.4", **fields}

    def assert_unharmed(self):
        """Asserts that the same front end still works."""
        self.assert_alive()
        self.assertEqual(self.front_end.ask("kernel_info_request", channel="control")["status"], "ok")

    def assert_ignored(self, frames):
        """Asserts that the frames get no answer, and that a valid request sent after them on the same connection does."""
        for channel in ("shell", "control"):
            dealer = self.connect_anonymously(channel)
            header = self.header()
            dealer.send_multipart(frames)
            dealer.send_multipart(self.signed(json.dumps(header).encode()))
            self.assertTrue(dealer.poll(DEADLINE * 1000), "no answer to the good request")
            answer = dealer.recv_multipart()
            self.assertEqual(json.loads(answer[3])["msg_id"], header["msg_id"])


class Signatures(HostileTestCase):
    def test_messages_with_a_wrong_signature_are_ignored(self):
        good = self.signed()
        for name, signature in {"wrong": b"0" * 64, "empty": b"", "short": good[1][:-1], "long": good[1] + b"0",
                                "other case": good[1].upper(), "not hex": b"\xff" * 64, "huge": b"0" * 5_000_000,
                                }.items():
            with self.subTest(name):
                self.assert_ignored([good[0], signature, *good[2:]])
        with self.subTest("made with another key"):
            self.assert_ignored(self.signed(key=b"another key"))
        with self.subTest("made with an empty key"):
            self.assert_ignored(self.signed(key=b""))
        self.assert_unharmed()

    def test_an_unsigned_cell_does_not_run(self):
        before = self.run_cell("var runs = 0;").reply["execution_count"]
        header = json.dumps(self.header(msg_type="execute_request")).encode()
        frames = self.signed(header, content=json.dumps({"code": "runs++;"}).encode())
        self.assert_ignored([frames[0], b"", *frames[2:]])
        outcome = self.run_cell("runs")
        self.assertEqual((outcome.result, outcome.reply["execution_count"]), ("0", before + 1))


class Replays(HostileTestCase):
    """Tests frames that were recorded and are sent again unchanged."""

    def answers_before(self, dealer, last):
        """The headers of the requests that are answered up to the last one."""
        answers = []
        while last[2] not in answers:
            self.assertTrue(dealer.poll(DEADLINE * 1000), "no answer to the good request")
            answers.append(dealer.recv_multipart()[3])
        return answers

    def test_a_recorded_cell_does_not_run_again(self):
        self.run_cell("int runs = 0;")
        header = json.dumps(self.header(msg_type="execute_request")).encode()
        recorded = self.signed(header, content=json.dumps({"code": "runs++;"}).encode())
        sockets = [self.connect_anonymously(channel) for channel in ("shell", "shell", "control")]
        for dealer in sockets + sockets:
            good = self.signed()
            dealer.send_multipart(recorded)
            dealer.send_multipart(recorded + [b"a buffer, which is not signed"])
            dealer.send_multipart(good)
            self.assertIn(self.answers_before(dealer, good), ([good[2]], [header, good[2]]))
        self.assertEqual(self.run_cell("runs").result, "1")

    def test_a_recorded_answer_is_not_given_again(self):
        ask = 'Console.ReadLine() + Console.ReadLine()'
        cell = self.front_end.start(ask, allow_stdin=True)
        answers = [self.signed(json.dumps(self.header(msg_type="input_reply")).encode(), content=json.dumps({"value": value}).encode())
                   for value in "ab"]
        for answer, repetitions in zip(answers, (1, 3)):
            self.front_end.receive(self.front_end.stdin, time.monotonic() + DEADLINE, "no input_request")
            for copy in [answers[0]] * (repetitions - 1) + [answer]:
                self.front_end.stdin.send_multipart(copy)
        self.assertEqual(self.front_end.finish(cell).result, "ab")

    def test_copies_in_bulk_are_dropped(self):
        recorded = [self.signed() for _ in range(200)]
        good = self.signed()
        dealer = self.connect_anonymously("shell")
        for frames in recorded * 20 + [good]:
            dealer.send_multipart(frames)
        self.assertEqual(self.answers_before(dealer, good), [frames[2] for frames in recorded + [good]])
        self.assert_unharmed()


class Frames(HostileTestCase):
    def test_missing_and_misplaced_frames_are_ignored(self):
        good = self.signed()
        for name, frames in {
            "nothing": [b""], "only a delimiter": good[:1], "no frames": good[:2], "one": good[:3], "three": good[:5],
            "no delimiter": good[1:], "delimiter last": good[1:] + good[:1], "many empty": [b""] * 1000,
            "many delimiters": [b"<IDS|MSG>"] * 1000, "swapped": [good[0], good[1], *reversed(good[2:])],
        }.items():
            with self.subTest(name):
                self.assert_ignored(frames)
        self.assert_unharmed()

    def test_frames_that_are_not_json_objects_are_ignored(self):
        for field in ("header", "parent", "metadata", "content"):
            for text in NOT_OBJECTS:
                with self.subTest(field, text=text[:20]):
                    self.front_end.shell.send_multipart(self.signed(**{field: text}))
                    self.front_end.control.send_multipart(self.signed(**{field: text}))
            self.assert_unharmed()

    def test_wrong_types_in_the_header_are_survived(self):
        for field in self.header():
            for value in WRONG_VALUES:
                header = json.dumps(self.header(**{field: value})).encode()
                self.front_end.shell.send_multipart(self.signed(header))
                header = self.header()
                del header[field]
                self.front_end.shell.send_multipart(self.signed(json.dumps(header).encode()))
            with self.subTest(field):
                self.assert_unharmed()
        self.front_end.shell.send_multipart(self.signed(b"{}"))
        self.assert_unharmed()


class Contents(HostileTestCase):
    def test_wrong_types_in_every_field_are_answered_or_dropped(self):
        for message_type, content in CONTENTS.items():
            with self.subTest(message_type):
                bad = [{**content, field: value} for field in content for value in WRONG_VALUES]
                bad += [{k: v for k, v in content.items() if k != field} for field in content] + [{}]
                requests = [self.front_end.send(message_type, fields) for fields in bad]
                self.assert_unharmed()
                for request, fields in zip(requests, bad):
                    states = [state(m) for m in self.front_end.outputs(request) if state(m)]
                    self.assertEqual((states[0], states[-1]), ("busy", "idle"), fields)
                    self.assertEqual(states.count("idle"), 1, fields)

    def test_a_request_without_required_members_is_answered_with_an_error(self):
        for message_type in ("execute_request", "complete_request", "inspect_request", "is_complete_request",
                             "history_request"):
            with self.subTest(message_type):
                answer = self.front_end.ask(message_type, {})
                self.assertEqual(answer["status"], "error")
                for field in ("ename", "evalue"):
                    self.assertIsInstance(answer[field], str)
                self.assertIsInstance(answer["traceback"], list)

    def test_wrong_contents_on_control_are_survived(self):
        for message_type in ("kernel_info_request", "interrupt_request", "debug_request", "execute_request"):
            for value in WRONG_VALUES:
                content = {"code": value, "command": value, "stop_on_error": False}
                self.front_end.outputs(self.front_end.send(message_type, content, "control"))
        self.assert_unharmed()

    def test_wrong_messages_on_stdin_are_survived(self):
        for value in WRONG_VALUES:
            self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": value})
            self.front_end.session.send(self.front_end.stdin, "execute_request", {"code": value})
        self.front_end.stdin.send_multipart(self.signed(b"nonsense"))
        self.assert_unharmed()
        cell = self.front_end.start("Console.ReadLine()", allow_stdin=True)
        question = self.front_end.receive(self.front_end.stdin, time.monotonic() + DEADLINE, "no input_request")
        for value in (None, [], {}):
            self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": value}, parent=question)
        self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": "good"}, parent=question)
        self.assertEqual(self.front_end.finish(cell).result, "good")

    def execute_raw(self, code):
        """Sends a cell as the JSON text of its code."""
        header = self.header(msg_type="execute_request", session=self.front_end.session.session)
        content = b'{"code": ' + code + b', "silent": false, "store_history": true, "allow_stdin": false}'
        self.front_end.shell.send_multipart(self.signed(json.dumps(header).encode(), content=content))
        return self.front_end.finish(header["msg_id"])

    def test_lone_surrogates_are_survived(self):
        for code in (rb'"var s = \"\ud800\"; s"', rb'"\udc00"', rb'"// \ud83d"', rb'"\"\\ud800\""',
                     rb'"Console.WriteLine(\"\\udfff\")"', rb'"throw new Exception(\"\\ud800\")"',
                     rb'"display(\"\\ud800\");"'):
            with self.subTest(code):
                self.assertIn(self.execute_raw(code).status, ("ok", "error"))
        for message_type in ("complete_request", "inspect_request", "is_complete_request"):
            with self.subTest(message_type):
                header = self.header(msg_type=message_type, session=self.front_end.session.session)
                content = rb'{"code": "\ud83d\ud83d\ude00\udc00", "cursor_pos": 2, "detail_level": 0}'
                self.front_end.shell.send_multipart(self.signed(json.dumps(header).encode(), content=content))
                self.front_end.reply(header["msg_id"])
        self.assert_unharmed()

    def test_nuls_are_survived(self):
        self.assertEqual(self.run_cell('"a\\0b".Length').result, "3")
        for code in ("\0", "1\0", '"\0"', "// \0\n1"):
            with self.subTest(code):
                self.assertIn(self.front_end.run(code).status, ("ok", "error"))
        self.assert_unharmed()

    def test_fifty_megabytes_of_code_run(self):
        self.assertEqual(self.run_cell("// " + "x" * 50_000_000 + "\n1 + 1").result, "2")
        self.assert_unharmed()

    def test_code_nested_too_deeply_to_compile_is_survived(self):
        for name, code in {"parentheses": "(" * 5_000 + "1" + ")" * 5_000, "additions": "1" + "+1" * 20_000,
                           "braces": "{" * 20_000 + "}" * 20_000, "nots": "!" * 20_000 + "true"}.items():
            with self.subTest(name):
                self.assertIn(self.front_end.run(code).status, ("ok", "error"))
                self.assert_alive()
                answer = self.front_end.ask("complete_request", {"code": code, "cursor_pos": 5_000})
                self.assertIn(answer["status"], ("ok", "error"))
                self.front_end.ask("is_complete_request", {"code": code})


class Forms(HostileTestCase):
    """Tests texts that are changed before they are compiled, in unrealistic sizes and states."""

    def test_large_or_deep_code_is_compiled_or_rejected(self):
        for name, code in {
            "namespaces": "namespace A {" * 3000 + "}" * 3000,
            "an extension block's expression": "static class E { extension(int i) { public int P => " + "(" * 3000 + "1" + ")" * 3000 + "; } }",
            "variables": "\n".join(f"var v{i} = {i};" for i in range(10_000)),
            "extension methods": "static class E2 {" + "".join(f"public static int F{i}(this int x) => x;" for i in range(1000)) + "}",
            "using declarations": "\n".join(f"using var m{i} = new MemoryStream();" for i in range(300)),
            "statements before a with that is none": "M();" * 5000 + "foo(x with { X = 1 }",
            "withs": "x with {" * 2000,
            "generics": "List<" * 240 + "int" + ">" * 240 + " x = null;",
            "a literal": 'var s = "' + "x" * 5_000_000 + '";',
        }.items():
            with self.subTest(name):
                self.assertIn(self.front_end.run(code).status, ("ok", "error"))
                self.assert_alive()

    def test_broken_code_is_rejected(self):
        for code in ("namespace A { class B { ", "namespace A; namespace B; class C {}", "extension(int i) { public int X => 1; }",
                     "namespace Z { class A {} class A {} }", "ref int a = ref a; ref ref", "Span<Span<int>> x = default; scoped ref",
                     "static class { public static int F(this int i) => i; }", "static class E { public static int (this int i) => i; }",
                     "using var = 1;", "await using var x", "file file class A {}", "class P { static void Main( }", "{ with { } }", "with { }"):
            with self.subTest(code):
                self.assertEqual(self.front_end.run(code).error["ename"], "CompileError")
                self.assert_alive()

    def test_every_line_ending_and_a_byte_order_mark_are_accepted(self):
        for end in ("\n", "\r\n", "\r", "\u0085", "\u2028", "\u2029"):
            with self.subTest(repr(end)):
                self.assertEqual(self.run_cell(end.join(["\ufeffnamespace N", "{", "class A {}", "}", "1 + 1"])).result, "2")
                self.assertIn("line 3", self.run_failing_cell(end.join(["namespace M {", "}", "nothing"])).traceback)


class Floods(HostileTestCase):
    def test_bursts_of_garbage_are_survived(self):
        for channel in ("shell", "control", "stdin"):
            with self.subTest(channel):
                dealer = self.connect_anonymously(channel)
                for number in range(20_000):
                    dealer.send_multipart([b"garbage", os.urandom(20), str(number).encode()])
                self.assert_unharmed()
        self.assertLess(len(self.kernel.log), 1_000_000, "20,000 bad messages must not flood the log")

    def test_a_burst_of_good_requests_is_answered_in_full(self):
        requests = [self.front_end.send("kernel_info_request") for _ in range(2_000)]
        for request in requests:
            self.assertEqual(self.front_end.reply(request)["content"]["status"], "ok")

    def test_clients_that_leave_before_their_answer_are_survived(self):
        for _ in range(100):
            dealer = self.connect_anonymously("shell")
            header = json.dumps(self.header(msg_type="execute_request")).encode()
            dealer.send_multipart(self.signed(header, content=b'{"code": "1", "silent": true}'))
            dealer.close()
        self.assert_unharmed()


class RawBytes(HostileTestCase):
    ATTACKS = {
        "nothing": b"",
        "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "random": os.urandom(65_536),
        "zeros": bytes(65_536),
        "ones": b"\xff" * 65_536,
        "half a greeting": GREETING[:9],
        "a greeting alone": GREETING,
        "an old greeting": b"\x01\x00",
        "another mechanism": GREETING.replace(b"NULL\0\0\0\0", b"CURVE\0\0\0"),
        "a command of nonsense": GREETING + b"\x04\x05hello",
        "ready, then random": GREETING + READY + os.urandom(65_536),
        **{f"a frame of {length:#x} bytes": GREETING + READY + b"\x02" + struct.pack(">Q", length)
           for length in (2**31 - 1, 2**31, 2**32, 2**40, 2**63 - 1, 2**63, 2**64 - 1)},
        "a short frame cut off": GREETING + READY + b"\x00\xffabc",
        "frames without end": GREETING + READY + b"\x01\x01x" * 20_000,
        "a subscription": GREETING + READY + b"\x00\x01\x01" + b"\x00\x05\x01xxxx",
    }

    def ports(self):
        """The five ports, and every other one that the kernel or a worker listens on."""
        ports = {self.front_end.connection[channel + "_port"] for channel in CHANNELS}
        for process in self.kernel.family():
            connections = getattr(process, "net_connections", None) or process.connections
            ports |= {c.laddr.port for c in connections(kind="tcp") if c.status == psutil.CONN_LISTEN}
        return sorted(ports)

    def attack(self, port, data):
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        except ConnectionRefusedError:
            # A peer that takes a worker's place makes the kernel bind another port.
            self.assertNotIn(port, self.ports())
            return
        with connection:
            connection.settimeout(0.05)
            try:
                connection.sendall(data)
                connection.recv(1000)
            except OSError:
                pass  # closing an attacker's connection is correct, and so is silence

    def test_raw_bytes_on_every_port_are_survived(self):
        self.run_cell("var kept = 42;")
        for name, data in self.ATTACKS.items():
            with self.subTest(name):
                for port in self.ports():
                    self.attack(port, data)
                self.assertEqual(self.run_cell("kept").result, "42")
        self.assert_unharmed()

    def test_many_silent_connections_are_survived(self):
        self.run_cell("var kept = 42;")
        for port in self.ports():
            connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
            self.assertEqual(self.run_cell("kept").result, "42")
            for connection in connections:
                connection.close()
        self.assert_unharmed()

    def test_an_intruder_on_the_workers_port_gets_nothing_and_changes_nothing(self):
        self.run_cell("var kept = 42;")
        own = {self.front_end.connection[channel + "_port"] for channel in CHANNELS}
        for port in set(self.ports()) - own:
            for kind in (zmq.PAIR, zmq.DEALER, zmq.SUB):
                intruder = self.context.socket(kind)
                intruder.linger = 0
                self.addCleanup(intruder.close)
                if kind == zmq.SUB:
                    intruder.subscribe(b"")
                intruder.connect(f"tcp://127.0.0.1:{port}")
                for _ in range(1000 if kind != zmq.SUB else 0):
                    try:
                        intruder.send_multipart([b"", b"intruder", os.urandom(100)], zmq.NOBLOCK)
                    except zmq.Again:
                        break
                self.assertEqual(self.run_cell("kept").result, "42")
                outcome = self.run_cell('Console.WriteLine("private"); Environment.ProcessId')
                self.assertEqual(outcome.stdout, "private\n")
                while intruder.poll(100):
                    self.assertNotIn(b"private", b"".join(intruder.recv_multipart()))
        # A worker that starts while intruders are connected still takes its place.
        self.front_end.run("Environment.Exit(3);")
        self.assert_unharmed()


class Ipc(HostileTestCase):
    """Tests the ipc transport, which is used where other users of the machine must not be able to connect."""

    # Connects to sockets and prints the results: one line for each. argv: addresses.
    SPY = """if True:
        import socket, sys, zmq
        context = zmq.Context()
        spies = {}
        for address in sys.argv[1:]:
            for kind in (zmq.SUB, zmq.DEALER, zmq.PAIR):
                spies[address, kind] = spy = context.socket(kind)
                spy.linger = 0
                if kind == zmq.SUB:
                    spy.subscribe(b"")
                spy.connect(address)
            if address.startswith("ipc:"):
                try:
                    socket.socket(socket.AF_UNIX).connect(address[6:])
                    print("connected to", address, flush=True)
                except PermissionError:
                    pass
        print("ready", flush=True)
        sys.stdin.readline()
        for (address, kind), spy in spies.items():
            while spy.poll(100):
                print("received from", address, spy.recv(), flush=True)
        context.destroy(linger=0)
        """

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)  # the sockets' own mode has to keep others out
        cls.path = os.path.join(folder, "kernel")
        with open(cls.path + "-1", "w") as stale:
            stale.write("left by another kernel")
        mask = os.umask(0)
        try:
            cls.kernel = Kernel(transport="ipc", ip=cls.path, shell_port=1, iopub_port=2, stdin_port=3, control_port=4, hb_port=5)
        finally:
            os.umask(mask)
        cls.addClassCleanup(cls.kernel.close)
        cls.front_end = cls.kernel.front_end
        cls.key = cls.kernel.manager.session.key
        cls.context = cls.front_end.context

    def paths(self):
        return [f"{self.path}-{number}" for number in range(1, 6)]

    def listening(self):
        connections = getattr(self.kernel.process, "net_connections", None) or self.kernel.process.connections
        return [c.laddr.port for c in connections(kind="tcp") if c.status == psutil.CONN_LISTEN]

    def spy(self, addresses, **options):
        """What a process that connects to the addresses receives while a cell prints a secret."""
        process = subprocess.Popen([sys.executable, "-c", self.SPY, *addresses], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, cwd="/", **options)
        learned = []
        while (line := process.stdout.readline()) not in ("ready\n", ""):
            learned.append(line)
        for _ in range(3):
            self.assertEqual(self.run_cell('Console.Write("secret"); 42').stdout, "secret")
        return "".join(learned) + process.communicate("\n", DEADLINE)[0]

    @unittest.skipUnless(hasattr(os, "geteuid") and os.geteuid() == 0, "only root can become another user")
    def test_another_user_can_neither_connect_nor_listen(self):
        self.run_cell("1")
        addresses = [f"ipc://{path}" for path in self.paths()] + [f"tcp://127.0.0.1:{port}" for port in self.listening()]
        self.assertEqual(self.spy(addresses, user="nobody", group=65534, extra_groups=[]), "")

    def test_no_tcp_port_shows_anything_to_anyone(self):
        self.run_cell("1")
        self.assertEqual(self.spy([f"tcp://127.0.0.1:{port}" for port in self.listening()]), "")

    def test_the_kernel_listens_on_no_tcp_port_but_its_workers(self):
        self.run_cell("1")
        workers = self.kernel.process.children()
        self.assertLessEqual(len(self.listening()), len(workers))

    def test_only_the_user_can_open_the_sockets(self):
        self.assertEqual({stat.S_IMODE(os.stat(path).st_mode) for path in self.paths()}, {0o600})

    def test_raw_bytes_are_survived(self):
        self.run_cell("var kept = 42;")
        for name, data in RawBytes.ATTACKS.items():
            for path in self.paths():
                with self.subTest(name, path=path), socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(0.02)
                    connection.connect(path)
                    try:
                        connection.sendall(data)
                        connection.recv(1000)
                    except OSError:
                        pass
            self.assertEqual(self.run_cell("kept").result, "42")
        self.assert_unharmed()

    def test_messages_of_every_size_come_whole_and_in_order(self):
        for size in (0, 1, 200, 255, 256, 8_191, 8_192, 8_193, 1_000_000):
            with self.subTest(size=size):
                outcome = self.run_cell(f'Console.Write(new string(\'x\', {size})); "{"y" * size}".Length')
                self.assertEqual((len(outcome.stdout), outcome.result), (size, str(size)))
        requests = [self.front_end.start(f"{number}") for number in range(50)]
        self.assertEqual([self.front_end.finish(request).result for request in requests], [str(number) for number in range(50)])

    def test_clients_connect_disconnect_and_choose_their_topics(self):
        subscriber = self.context.socket(zmq.SUB)
        self.addCleanup(subscriber.close)
        subscriber.subscribe(b"stream")
        subscriber.connect(address(self.front_end.connection, "iopub"))
        self.assertIn(b"iopub_welcome", b"".join(subscriber.recv_multipart()))
        self.run_cell('Console.Write("heard"); 1')
        self.assertTrue(subscriber.poll(DEADLINE * 1000))
        self.assertEqual(subscriber.recv_multipart()[0], b"stream")
        subscriber.unsubscribe(b"stream")
        for _ in range(10):
            other = self.kernel.connect()
            self.assertEqual(other.run("1").result, "1")
            other.close()
            other = FrontEnd(other.connection, session_id=other.session.session)
            self.assertEqual(other.ask("kernel_info_request", channel="control")["status"], "ok")
            other.close()
        heartbeat = self.front_end.connect("hb", zmq.REQ)
        heartbeat.send(b"ping")
        self.assertTrue(heartbeat.poll(DEADLINE * 1000))
        self.assertEqual(heartbeat.recv(), b"ping")
        self.assertFalse(subscriber.poll(0))

    def test_a_client_that_checks_the_connection_with_pings_is_answered(self):
        dealer = self.context.socket(zmq.DEALER)
        self.addCleanup(dealer.close)
        dealer.setsockopt(zmq.HEARTBEAT_IVL, 20)
        dealer.setsockopt(zmq.HEARTBEAT_TIMEOUT, DEADLINE * 1000)
        dealer.connect(address(self.front_end.connection, "control"))
        time.sleep(0.2)
        dealer.send_multipart(self.signed())
        self.assertTrue(dealer.poll(DEADLINE * 1000))


class Log(HostileTestCase):
    def test_the_log_never_holds_the_key(self):
        self.assert_ignored(self.signed(key=b"wrong"))
        self.front_end.shell.send_multipart(self.signed(b"nonsense"))
        self.front_end.send("make_coffee_request")
        self.front_end.run("Environment.Exit(3);")
        self.assert_unharmed()
        self.kernel.front_end.ask("shutdown_request", {"restart": False}, "control")
        self.kernel.process.wait(DEADLINE)
        self.assertNotIn(self.key, self.kernel.log)
