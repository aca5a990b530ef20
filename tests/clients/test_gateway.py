"""Tests that a Jupyter Enterprise Gateway can start the kernel, with a double that does what the gateway does on the wire."""
import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import unittest

import psutil
from jupyter_client.kernelspec import KernelSpecManager

from kernels import DEADLINE, KERNEL_NAME, FrontEnd, gone_or_left

try:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
except ImportError:
    rsa = None


@unittest.skipIf(rsa is None, "needs the package cryptography")
class Gateway(unittest.TestCase):
    def setUp(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # as the gateway's
        self.kernel_id = secrets.token_hex(16)
        self.responses = socket.create_server(("127.0.0.1", 0))
        self.responses.settimeout(DEADLINE)
        self.addCleanup(self.responses.close)

    @property
    def public_key(self):
        der = self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    @property
    def response_address(self):
        return "127.0.0.1:%d" % self.responses.getsockname()[1]

    def start(self, *arguments, **variables):
        spec = KernelSpecManager().get_kernel_spec(KERNEL_NAME)
        # The gateway passes its own environment on, with a process that does not exist here.
        environment = {**os.environ, **spec.env, "JPY_PARENT_PID": "4194000", **variables}
        process = subprocess.Popen([spec.argv[0], "kernel", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, env=environment)
        self.addCleanup(process.wait, DEADLINE)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return process

    def answer(self):
        """Receives and decrypts the answer of a kernel; returns its connection."""
        connection, _ = self.responses.accept()
        connection.settimeout(DEADLINE)
        with connection, connection.makefile("rb") as stream:
            envelope = json.loads(base64.b64decode(stream.read()))
        self.assertEqual(envelope["version"], 1)
        key = self.key.decrypt(base64.b64decode(envelope["key"]), padding.PKCS1v15())
        self.assertEqual(len(key), 16)
        cipher = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
        text = cipher.update(base64.b64decode(envelope["conn_info"])) + cipher.finalize()
        connection = json.loads(text[:-text[-1]])
        self.assertEqual(connection["kernel_id"], self.kernel_id)
        # The gateway puts the address of the machine in.
        return {**connection, "ip": "127.0.0.1", "key": connection["key"].encode()}

    def send(self, port, **request):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as listener:
            listener.sendall(json.dumps(request).encode())

    def options(self, prefix="--", ports="0..0"):
        return [prefix + "kernel-id", self.kernel_id, prefix + "response-address", self.response_address, prefix + "public-key", self.public_key,
                prefix + "port-range", ports]

    def test_a_kernel_answers_runs_cells_is_interrupted_and_shut_down(self):
        for form, arguments, variables in (
            ("options", self.options(), {}),
            ("options of the gateway's kernelspecs", [*self.options("--RemoteProcessProxy."), "--RemoteProcessProxy.spark-context-initialization-mode", "none"], {}),
            ("environment of a container", [], {"KERNEL_ID": self.kernel_id, "RESPONSE_ADDRESS": self.response_address, "PUBLIC_KEY": self.public_key}),
            ("newer names", [], {"KERNEL_ID": self.kernel_id, "EG_RESPONSE_ADDRESS": self.response_address, "EG_PUBLIC_KEY": self.public_key, "EG_PORT_RANGE": "0..0"}),
        ):
            with self.subTest(form):
                process = self.start(*arguments, **variables)
                connection = self.answer()
                self.assertEqual(connection["pid"], process.pid)
                with contextlib.closing(FrontEnd(connection)) as front_end:
                    self.assertEqual(front_end.run("6*7").result, "42")
                    self.send(connection["comm_port"], signum=0)
                    cell = front_end.start('Console.WriteLine("ready"); while (true) { }')
                    front_end.wait_for_output(cell, "ready")
                    self.send(connection["comm_port"], signum=int(signal.SIGINT))
                    self.assertEqual(front_end.finish(cell).status, "error")
                    self.assertEqual(front_end.run("6*7").result, "42")
                family = psutil.Process(process.pid).children(recursive=True)
                self.send(connection["comm_port"], shutdown=1)
                self.assertEqual(process.wait(DEADLINE), 0)
                self.assertEqual(gone_or_left(family), [])

    def test_signals_end_it(self):
        for signum in signal.SIGTERM, signal.SIGKILL:
            with self.subTest(signum):
                process = self.start(*self.options())
                self.send(self.answer()["comm_port"], signum=int(signum))
                self.assertEqual(process.wait(DEADLINE), 0)

    def test_its_ports_are_within_the_range(self):
        process = self.start(*self.options(ports="41000..42000"))
        connection = self.answer()
        ports = [connection[name + "_port"] for name in ("shell", "iopub", "stdin", "control", "hb", "comm")]
        self.assertEqual(len(set(ports)), 6)
        self.assertTrue(all(41000 <= port <= 42000 for port in ports), ports)
        self.send(connection["comm_port"], shutdown=1)
        process.wait(DEADLINE)

    def test_what_is_not_a_request_is_ignored(self):
        process = self.start(*self.options())
        connection = self.answer()
        address = ("127.0.0.1", connection["comm_port"])
        idle = socket.create_connection(address)  # sends nothing, and does not hold others up
        self.addCleanup(idle.close)
        for text in b"", b"\xff\xfe", b"[]", b"{}", b'{"signum": "2"}', b'{"signum": 99}', b"{" * 5000, b'{"shutdown": 0}':
            with socket.create_connection(address, timeout=DEADLINE) as listener, contextlib.suppress(ConnectionError):
                listener.sendall(text)
        with contextlib.closing(FrontEnd(connection)) as front_end:
            self.assertEqual(front_end.run("6*7").result, "42")
        self.send(connection["comm_port"], shutdown=1)
        self.assertEqual(process.wait(DEADLINE), 0)

    def test_errors_are_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            address = "127.0.0.1:%d" % closed.getsockname()[1]
        for arguments, reason in (
            (["--kernel-id", "1"], "--public-key is missing"),
            (["--kernel-id", "1", "--public-key", "hello"], "--public-key is not a public key"),
            (["--kernel-id", "1", "--public-key", self.public_key, "--response-address", "here"], "'here' is not a valid value for --response-address"),
            (["--kernel-id", "1", "--public-key", self.public_key, "--port-range", "9..1"], "'9..1' is not a range of ports"),
            (["--kernel-id", "1", "--public-key", self.public_key, "--response-address", address], "The gateway could not be reached"),
            ([], "--connection-file is missing"),
        ):
            with self.subTest(reason):
                process = self.start(*arguments)
                output, _ = process.communicate(timeout=DEADLINE)
                self.assertEqual(process.returncode, 1)
                self.assertEqual(len(output.splitlines()), 1, output)
                self.assertIn(reason, output)

    def test_the_kernelspecs_name_the_process_proxy(self):
        program = KernelSpecManager().get_kernel_spec(KERNEL_NAME).argv[0]
        for kind, proxy, first in (("distributed", "distributed.DistributedProcessProxy", program), ("docker", "docker_swarm.DockerProcessProxy", "python"),
                                   ("kubernetes", "k8s.KubernetesProcessProxy", "python")):
            with self.subTest(kind), tempfile.TemporaryDirectory() as prefix:
                subprocess.run([program, "install", "--prefix", prefix, "--gateway", kind, "--image", "example/kernel:1", "--no-alias"], check=True, capture_output=True)
                with open(os.path.join(prefix, "share", "jupyter", "kernels", "csharp", "kernel.json")) as file:
                    spec = json.load(file)
                self.assertEqual(os.path.realpath(spec["argv"][0]) if kind == "distributed" else spec["argv"][0], os.path.realpath(first) if kind == "distributed" else first)
                for parameter in "{kernel_id}", "{response_address}", "{public_key}", "{port_range}":
                    self.assertIn(parameter, spec["argv"])
                self.assertEqual(spec["metadata"]["process_proxy"]["class_name"], "enterprise_gateway.services.processproxies." + proxy)
                self.assertEqual(spec["metadata"]["process_proxy"].get("config", {}).get("image_name"), None if kind == "distributed" else "example/kernel:1")
