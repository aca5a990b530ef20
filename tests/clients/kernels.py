"""Starts kernels as Jupyter does, and communicates with them as front ends do.

`Kernel` is a process that jupyter_client's KernelManager started. `FrontEnd` is a connected client: it sends requests, and
assigns the messages that it receives to their requests. Both fail with a TimeoutError after DEADLINE seconds, which is far
more than any test needs: it only prevents a failing test from waiting indefinitely.
"""
import concurrent.futures
import io
import os
import re
import tempfile
import time
import unittest

import psutil
import zmq
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

DEADLINE = 90
KERNEL_NAME = os.environ.get("KERNEL_NAME", "csharp")
CHANNELS = ("shell", "control", "stdin", "iopub", "hb")


class FrontEnd:
    """A client of a kernel, with its own session and sockets."""

    def __init__(self, connection, session_id=None, reconnects=True):
        self.connection = connection
        self.session = Session(key=connection["key"], signature_scheme=connection["signature_scheme"])
        self.session.session = session_id or self.session.session
        self.context = zmq.Context()
        if not reconnects:
            self.context.setsockopt(zmq.RECONNECT_IVL, -1)
        self.iopub = self.connect("iopub", zmq.SUB)
        self.shell = self.connect("shell")
        self.control = self.connect("control")
        self.stdin = self.connect("stdin")
        self.published = []  # all messages received on iopub, in order
        self.replies = {}  # by the id of the request
        self.wait_until_subscribed()

    def connect(self, channel, kind=zmq.DEALER):
        socket = self.context.socket(kind)
        socket.linger = 1000
        if kind == zmq.DEALER:
            socket.identity = self.session.bsession
        if kind == zmq.SUB:
            socket.rcvhwm = 0
            socket.subscribe(b"")
        if "curve_publickey" in self.connection:
            socket.curve_serverkey = self.connection["curve_publickey"].encode()
            socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
        socket.connect(address(self.connection, channel))
        return socket

    def close(self):
        self.context.destroy(linger=1000)

    def wait_until_subscribed(self):
        """Repeats a request until its status arrives, because a subscription takes effect some time after it was made."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            request = self.send("kernel_info_request")
            self.reply(request)
            try:
                self.outputs(request, deadline=0.2)
                return
            except TimeoutError:
                pass
        raise TimeoutError("nothing comes on iopub")

    # Requests and replies

    def send(self, message_type, content=None, channel="shell", **options):
        """Sends a request and returns its id."""
        message = self.session.send(getattr(self, channel), message_type, content or {}, **options)
        return message["header"]["msg_id"]

    def reply(self, request, channel="shell", deadline=DEADLINE):
        """The reply to the request with this id."""
        socket = getattr(self, channel)
        end = time.monotonic() + deadline
        while request not in self.replies:
            message = self.receive(socket, end, f"no reply to {request}")
            self.replies[message["parent_header"].get("msg_id")] = message
        return self.replies.pop(request)

    def ask(self, message_type, content=None, channel="shell", **options):
        """Sends a request and returns the content of its reply."""
        return self.reply(self.send(message_type, content, channel, **options), channel)["content"]

    def outputs(self, request, deadline=DEADLINE):
        """Returns all messages published for the request with this id, from busy to idle."""
        self.wait_for_published(
            lambda message: is_for(message, request) and state(message) == "idle", deadline)
        return [message for message in self.published if is_for(message, request)]

    def wait_for_published(self, wanted, deadline=DEADLINE):
        """Returns the first matching message on iopub, past or future."""
        end = time.monotonic() + deadline
        looked_at = 0
        while True:
            for message in self.published[looked_at:]:
                if wanted(message):
                    return message
            looked_at = len(self.published)
            self.published.append(self.receive(self.iopub, end, "it was not published"))

    def wait_for_output(self, request, text):
        """Waits until the running cell of the request has printed the text."""
        so_far = ""

        def has_printed(message):
            nonlocal so_far
            if not is_for(message, request):
                return False
            so_far += printed([message])
            if text in so_far:
                return True
            if state(message) == "idle":
                raise AssertionError(f"the cell ended and did not print {text!r}")
            return False

        self.wait_for_published(has_printed)

    def receive(self, socket, end, otherwise):
        if not socket.poll(max(0, end - time.monotonic()) * 1000):
            raise TimeoutError(otherwise)
        _, message = self.session.recv(socket)
        return message

    # Cells

    def start(self, code, **content):
        """Sends a cell and returns the id of its request."""
        request = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}
        return self.send("execute_request", {**request, **content})

    def finish(self, request):
        """Waits for a cell that was sent."""
        return Outcome(self.reply(request), self.outputs(request))

    def run(self, code, **content):
        """Runs a cell to its end."""
        return self.finish(self.start(code, **content))

    def interrupt(self):
        return self.ask("interrupt_request", channel="control")


class Outcome:
    """The outcome of a cell."""

    def __init__(self, reply, messages):
        self.reply = reply["content"]
        self.messages = messages

    @property
    def status(self):
        return self.reply["status"]

    @property
    def outputs(self):
        """The outputs as a notebook would show them: pairs of a name and a text, with adjacent pieces of a stream joined."""
        shown = []
        for message in self.messages:
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                if shown and shown[-1][0] == content["name"]:
                    shown[-1] = (content["name"], shown[-1][1] + content["text"])
                else:
                    shown.append((content["name"], content["text"]))
            elif kind in ("execute_result", "display_data", "update_display_data"):
                shown.append((kind, content["data"]["text/plain"]))
            elif kind == "error":
                shown.append((kind, content["ename"]))
            elif kind == "clear_output":
                shown.append((kind, content["wait"]))
        return shown

    @property
    def result(self):
        """The text of the cell's result; None without a result."""
        return next((text for name, text in self.outputs if name == "execute_result"), None)

    @property
    def stdout(self):
        return printed(self.messages)

    @property
    def error(self):
        """The content of the error; None without an error."""
        return next((m["content"] for m in self.messages if m["msg_type"] == "error"), None)

    @property
    def traceback(self):
        """The error as one text without colours."""
        return without_colours("\n".join(self.error["traceback"])) if self.error else None


class Kernel:
    """A kernel process under a KernelManager. `log` is its output on stdout and stderr."""

    def __init__(self, key=None, cwd=None, environment=None, **options):
        self.front_ends = []
        for may_start_anew in (True, False):
            self.manager = KernelManager(kernel_name=KERNEL_NAME, **options)
            if key is not None:
                self.manager.session.key = key
            self.log_file = tempfile.TemporaryFile()
            self.manager.start_kernel(stdout=self.log_file, stderr=self.log_file, cwd=cwd, env=environment or dict(os.environ))
            self.process = psutil.Process(self.manager.provisioner.pid)
            try:
                self.front_end = self.connect()
                return
            except TimeoutError:
                # Another kernel may take the ports that a manager found free; Jupyter's server also retries.
                if not may_start_anew or b"is still in use" not in self.log:
                    raise
                self.manager.cleanup_resources()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def connect(self, **options):
        """Connects another front end."""
        connection = self.manager.get_connection_info()
        self.front_ends.append(FrontEnd({**connection, "key": self.manager.session.key}, **options))
        return self.front_ends[-1]

    def close(self):
        family = self.family()
        self.manager.shutdown_kernel(now=not self.process.is_running())
        for front_end in self.front_ends:
            front_end.close()
        left = gone_or_left(family)
        if left:
            raise AssertionError(f"left behind: {left}")

    def family(self):
        """The kernel's process and its descendants."""
        try:
            return [self.process, *self.process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    @property
    def log(self):
        self.log_file.seek(0)
        return self.log_file.read()


class NextKernel:
    """A kernel that is started ahead of the test that needs it."""

    starter = concurrent.futures.ThreadPoolExecutor(1)
    started = None  # its environment, and its future

    @classmethod
    def take(cls):
        """Returns the kernel that was started ahead, or another if the environment differs; starts the next one."""
        now = (dict(os.environ), os.getcwd())
        kernel = None
        if cls.started:
            environment, future = cls.started
            kernel = future.result()
            if environment != now:
                kernel.close()
                kernel = None
        kernel = kernel or Kernel()

        # Tests change the environment while it is being started.
        cls.started = (now, cls.starter.submit(Kernel, environment=now[0], cwd=now[1]))
        return kernel

    @classmethod
    def close(cls):
        if cls.started:
            cls.started[1].result().close()
            cls.started = None


class KernelTestCase(unittest.TestCase):
    """Tests that share one kernel, as `kernel`, and one front end of it, as `front_end`."""

    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        cls.addClassCleanup(cls.kernel.close)
        cls.front_end = cls.kernel.front_end

    def run_cell(self, code, **content):
        """Runs a cell that must succeed."""
        outcome = self.front_end.run(code, **content)
        self.assertEqual(outcome.status, "ok", outcome.traceback)
        return outcome

    def run_failing_cell(self, code, **content):
        """Runs a cell that must fail, with the same error in its reply and on iopub."""
        outcome = self.front_end.run(code, **content)
        self.assertEqual(outcome.status, "error", outcome.outputs)
        for field in ("ename", "evalue", "traceback"):
            self.assertEqual(outcome.error[field], outcome.reply[field])
        return outcome

    def assert_alive(self, front_end=None):
        """The kernel still runs cells."""
        outcome = (front_end or self.front_end).run("6 * 7")
        self.assertEqual((outcome.status, outcome.result), ("ok", "42"), outcome.traceback)


class FreshKernelTestCase(KernelTestCase):
    """Runs each test in a fresh kernel, which is started while the test before it runs."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.kernel = NextKernel.take()
        self.addClassCleanup(NextKernel.close)
        self.addCleanup(self.kernel.close)
        self.front_end = self.kernel.front_end


def address(connection, channel):
    if connection["transport"] == "ipc":
        return f"ipc://{connection['ip']}-{connection[channel + '_port']}"
    return f"tcp://{connection['ip']}:{connection[channel + '_port']}"


def is_for(message, request):
    return message["parent_header"].get("msg_id") == request


def state(message):
    return message["content"]["execution_state"] if message["msg_type"] == "status" else None


def printed(messages, name="stdout"):
    text = io.StringIO()
    for message in messages:
        if message["msg_type"] == "stream" and message["content"]["name"] == name:
            text.write(message["content"]["text"])
    return text.getvalue()


def without_colours(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def gone_or_left(processes):
    """Waits for processes to end and returns those that did not."""
    end = time.monotonic() + DEADLINE
    while (left := [process for process in processes if runs(process)]) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def runs(process):
    """Whether a process runs; False also for a zombie, which stays in containers without an init."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
