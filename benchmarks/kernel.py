"""A kernel process under measurement: its start, its sockets, its end."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil
import zmq
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.session import Session

ANSWER_SECONDS = 60  # a kernel silent for so long has failed
CHANNELS = {"shell": zmq.DEALER, "control": zmq.DEALER, "iopub": zmq.SUB}


class KernelFailed(Exception):
    """A figure cannot be had: the kernel was silent, died, or answered with an error."""


class Launch:
    """
    How one kernel is started: a kernelspec's name, or the path of a jupyter-csharp executable.
    What the kernel keeps for its user goes to a folder of its own: thousands of trivial cells do not belong in a history.
    """

    def __init__(self, kernel: str, user_data: str):
        self.label = Path(kernel).name
        if os.sep in kernel:
            spec = KernelSpec(argv=[kernel, "kernel", "--connection-file", "{connection_file}"], language="csharp", interrupt_mode="message")
        else:
            spec = KernelSpecManager().get_kernel_spec(kernel)
        self.language = "C#" if spec.language == "csharp" else spec.language  # .NET Interactive calls it C#
        self.interrupts_by_message = spec.interrupt_mode == "message"
        self._argv = [argument.replace("{resource_dir}", spec.resource_dir) for argument in spec.argv]
        self.environment = {
            **os.environ, **spec.env, "JPY_PARENT_PID": str(os.getpid()),
            "IPYTHONDIR": str(Path(user_data, "ipython")),
            "JUPYTER_CSHARP_HISTORY": str(Path(user_data, "history.sqlite"))}

    def command(self, connection_file: str) -> list:
        return [argument.replace("{connection_file}", connection_file) for argument in self._argv]


class Message:
    """A received message. The content is parsed when asked for, so that no figure contains the client's JSON parsing."""

    def __init__(self, frames: list):
        parts = [frame.buffer for frame in frames]
        start = next(i for i, part in enumerate(parts) if part == b"<IDS|MSG>") + 2
        header, parent, _, self._content = parts[start : start + 4]
        self.received = time.perf_counter()
        self.header = json.loads(bytes(header))
        self.parent_id = json.loads(bytes(parent)).get("msg_id")
        self.type = self.header["msg_type"]

    @property
    def content(self) -> dict:
        return json.loads(bytes(self._content))


class Answer:
    """What a request led to, timed in seconds from its sending."""

    def __init__(self, sent: float, reply: Message, outputs: list):
        self.reply, self.outputs = reply, outputs
        self.to_reply = reply.received - sent
        self.to_idle = outputs[-1].received - sent

    def text(self) -> str:
        """Everything printed to stdout."""
        streams = (output.content for output in self.outputs if output.type == "stream")
        return "".join(stream["text"] for stream in streams if stream["name"] == "stdout")

    def only(self, type: str) -> Message:
        found = [output for output in self.outputs if output.type == type]
        if len(found) != 1:
            raise KernelFailed(f"{len(found)} messages {type} where there should be one")
        return found[0]


class Kernel:
    """
    A started kernel: it has answered kernel_info and the first `1+1`. Use it in a `with`, which ends every process of it.

    The sockets connect before the process exists and try again every millisecond: with ZeroMQ's usual 100 ms between
    attempts, a start figure would show the client's timer. `to_kernel_info` and `to_first_result` are in seconds from
    just before the process is created.
    """

    def __init__(self, launch: Launch):
        self.launch = launch
        self.language = launch.language
        self._folder = tempfile.TemporaryDirectory(prefix="kernel-benchmark-")
        self._context = zmq.Context()
        self._session = Session(key=uuid.uuid4().hex.encode(), username="benchmark")
        self._sockets = {name: self._socket(kind) for name, kind in CHANNELS.items()}
        self._poller = zmq.Poller()
        self._process = None
        self._seen_processes = set()

    def another(self) -> "Kernel":
        """A second kernel, started like this one."""
        return Kernel(self.launch)

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def execute(self, code: str) -> Answer:
        return self._succeed("execute_request", self.begin(code))

    def begin(self, code: str) -> tuple:
        """Sends a cell without waiting for anything; `finish` does."""
        # With stop_on_error, ipykernel aborts a cell that arrives just after the idle of an interrupted one.
        return self.send("shell", "execute_request", {
            "code": code, "silent": False, "store_history": True,
            "user_expressions": {}, "allow_stdin": False, "stop_on_error": False})

    def request(self, type: str, content: dict) -> Answer:
        """Sends on shell; returns when both the reply and the closing idle are there. An error in the reply is a failure."""
        return self._succeed(type, self.send("shell", type, content))

    def _succeed(self, type: str, request: tuple) -> Answer:
        answer = self.finish(request)
        reply = answer.reply.content
        if reply.get("status", "ok") != "ok":
            raise KernelFailed(f"{type} answered with {reply['status']}: {reply.get('ename')}: {reply.get('evalue')}")
        return answer

    def send(self, channel: str, type: str, content: dict) -> tuple:
        sent = time.perf_counter()
        message = self._session.send(self._sockets[channel], type, content)
        return message["header"]["msg_id"], sent

    def finish(self, request: tuple) -> Answer:
        """Waits for the reply and the outputs of what was sent on shell."""
        id, sent = request
        reply, outputs = None, []
        while reply is None or not outputs or not _is_idle(outputs[-1]):
            channel, message = self.receive("reply and idle")
            if message.parent_id != id:
                continue
            if channel == "shell":
                reply = message
            elif channel == "iopub":
                outputs.append(message)
        return Answer(sent, reply, outputs)

    def wait_for_output(self, request: tuple, text: str):
        """Waits until what `begin` sent has printed text."""
        printed = ""
        while text not in printed:
            _, message = self.receive(f"output {text!r}")
            if message.parent_id == request[0] and message.type == "stream":
                printed += message.content["text"]

    def interrupt(self) -> float:
        """Interrupts the way the kernelspec asks for; returns when that was."""
        if self.launch.interrupts_by_message:
            return self.send("control", "interrupt_request", {})[1]
        sent = time.perf_counter()
        self._process.send_signal(signal.SIGINT)
        return sent

    def shut_down(self) -> float:
        """Shuts the process down as for a restart; returns the seconds until it has ended."""
        self._seen_processes.update(self.processes())
        _, sent = self.send("control", "shutdown_request", {"restart": True})
        self._process.wait(ANSWER_SECONDS)
        return time.perf_counter() - sent

    def memory_bytes(self) -> int:
        """The proportional set size of the kernel and all its descendants; where the system has no PSS, the unique set size."""
        infos = [process.memory_full_info() for process in self.processes()]
        return sum(getattr(info, "pss", info.uss) for info in infos)

    def worker_bytes(self) -> list:
        """The memory that each descendant has for itself; those that end meanwhile are left out."""
        sizes = []
        for process in self.processes()[1:]:
            with contextlib.suppress(psutil.NoSuchProcess):
                sizes.append(process.memory_full_info().uss)
        return sizes

    def processor_seconds_while(self, seconds: float) -> float:
        """
        What the kernel and all its descendants use in a time in which they have nothing to do. Linux counts for a process
        ticks of 10 ms, too coarse for one that wakes up for microseconds, and for each thread nanoseconds.
        """
        before = self._processor_seconds()
        time.sleep(seconds)
        # A thread that has ended since is left out, one that began counts from its start.
        return sum(used - before.get(which, 0) for which, used in self._processor_seconds().items())

    def processes(self) -> list:
        try:
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _processor_seconds(self) -> dict:
        processes = self.processes()
        if not os.path.exists("/proc/self/schedstat"):
            return {process.pid: sum(process.cpu_times()[:2]) for process in processes}
        threads = [thread for process in processes for thread in Path(f"/proc/{process.pid}/task").iterdir()]
        return {thread: int((thread / "schedstat").read_text().split()[0]) / 1e9 for thread in threads}

    def receive(self, awaited: str, seconds: float = ANSWER_SECONDS) -> tuple:
        """The next message and its channel."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            for ready, _ in self._poller.poll(100):
                channel = next(name for name, candidate in self._sockets.items() if candidate is ready)
                return channel, Message(ready.recv_multipart(copy=False))
            if self._process.poll() is not None:
                raise KernelFailed(f"the process ended with {self._process.returncode} instead of {awaited}{self._log_tail()}")
        raise KernelFailed(f"no {awaited} within {seconds:g} s")

    def _start(self):
        connection_file, ports = self._write_connection_file()
        for channel in CHANNELS:
            self._sockets[channel].connect(f"tcp://127.0.0.1:{ports[channel]}")
            self._poller.register(self._sockets[channel], zmq.POLLIN)
        command = self.launch.command(connection_file)
        folder = Path(self._folder.name)
        id, _ = self.send("shell", "kernel_info_request", {})
        with open(folder / "log", "wb") as log:
            started = time.perf_counter()
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.launch.environment, cwd=folder,
                start_new_session=True)

        heard_iopub, reply = False, None
        while reply is None:
            channel, message = self.receive("kernel_info_reply")
            heard_iopub |= channel == "iopub"
            if message.parent_id == id and message.type == "kernel_info_reply":
                reply = message
        self.to_kernel_info = reply.received - started
        self.implementation = f"{reply.content['implementation']} {reply.content['implementation_version']}"
        while not heard_iopub:  # a result published before the subscription arrived would be lost
            heard_iopub = self._nudge()
        self.to_first_result = self.execute("1+1").only("execute_result").received - started
        self._seen_processes.update(self.processes())

    def _nudge(self) -> bool:
        """Asks again, as Jupyter's server does, and says whether anything came on iopub."""
        self.send("shell", "kernel_info_request", {})
        for _ in self._poller.poll(20):
            return self.receive("status")[0] == "iopub"
        return False

    def _end(self):
        if self._process:
            self._seen_processes.update(self.processes())
            self.send("control", "shutdown_request", {"restart": False})
            _, alive = psutil.wait_procs(self._seen_processes, timeout=5)
            for process in alive:
                print(f"{self.launch.label}: process {process.pid} outlived the shutdown_request; killed", file=sys.stderr)
                process.kill()
            self._process.wait()
        self._context.destroy(linger=0)
        self._folder.cleanup()

    def _socket(self, kind: int) -> zmq.Socket:
        created = self._context.socket(kind)
        created.reconnect_ivl = 1
        created.rcvhwm = 0
        created.linger = 0
        if kind == zmq.SUB:
            created.subscribe(b"")
        return created

    def _write_connection_file(self) -> tuple:
        ports = dict(zip([*CHANNELS, "stdin", "hb"], _free_ports(5)))
        path = Path(self._folder.name, "connection.json")
        path.write_text(json.dumps({
            "transport": "tcp", "ip": "127.0.0.1", "key": self._session.key.decode(), "signature_scheme": "hmac-sha256",
            "kernel_name": self.launch.label, **{f"{channel}_port": port for channel, port in ports.items()}}))
        path.chmod(0o600)
        return str(path), ports

    def _log_tail(self) -> str:
        lines = Path(self._folder.name, "log").read_text(errors="replace").split("\n")
        return "".join(f" / {line.strip()}" for line in lines[-4:] if line.strip())


def _is_idle(message: Message) -> bool:
    return message.type == "status" and message.content["execution_state"] == "idle"


def _free_ports(count: int) -> list:
    """
    Free ports below those that systems hand out by themselves: a client that keeps connecting to a port which nobody
    has bound yet can be given that very port as its own and end up connected to itself.
    """
    ports = []
    while len(ports) < count:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports
