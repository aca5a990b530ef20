"""Tests the kernel under a JupyterHub: a user's server starts it, culls it while it is idle and while it is busy, and is stopped in an endless loop."""
import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import psutil
from jupyter_core.paths import jupyter_path

from kernels import DEADLINE, KERNEL_NAME, gone_or_left

try:
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect
except ImportError:
    websocket_connect = None

CONFIGURATION = """
c.JupyterHub.bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.hub_port = {internal}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.services = [{{"name": "test", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{"name": "test", "services": ["test"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}]
c.JupyterHub.log_level = "WARN"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/{{username}}"
c.Spawner.args = ["--allow-root", "--MappingKernelManager.cull_idle_timeout=6", "--MappingKernelManager.cull_interval=1",
                  "--MappingKernelManager.cull_connected=True", "--MappingKernelManager.cull_busy={cull_busy}"]
c.Spawner.environment = {environment}
"""


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


class Hub:
    """A JupyterHub with one user, whose server runs."""

    def __init__(self, cull_busy):
        self.folder = tempfile.mkdtemp()
        self.token = secrets.token_hex(16)
        self.port, internal, proxy = free_ports(3)
        environment = {name: os.environ[name] for name in ("DOTNET_ROOT", "NUGET_PACKAGES") if name in os.environ}
        environment["JUPYTER_PATH"] = os.pathsep.join(jupyter_path())  # the user of the hub has another home
        environment["JUPYTERHUB_SINGLEUSER_APP"] = "jupyter_server.serverapp.ServerApp"
        configuration = os.path.join(self.folder, "jupyterhub_config.py")
        with open(configuration, "w") as file:
            file.write(CONFIGURATION.format(hub=self.port, internal=internal, proxy=proxy, folder=self.folder, token=self.token,
                                            environment=environment, cull_busy=cull_busy))
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen(["jupyterhub", "-f", configuration], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})  # where Debian's proxy has its modules
        self.wait_for(lambda: self.ask("GET", "/hub/api/") is not None)
        self.ask("POST", "/hub/api/users/ada")
        self.start_server()

    def start_server(self):
        self.ask("POST", "/hub/api/users/ada/server")
        self.wait_for(lambda: self.ask("GET", "/hub/api/users/ada")["servers"].get("", {}).get("ready"))

    def stop_server(self):
        self.ask("DELETE", "/hub/api/users/ada/server")
        self.wait_for(lambda: not self.ask("GET", "/hub/api/users/ada")["servers"])

    def start_kernel(self):
        """Starts a kernel; returns its id and its processes."""
        kernel = self.ask("POST", "/user/ada/api/kernels", {"name": KERNEL_NAME})["id"]
        self.run(kernel, "1+1")
        return kernel, [process for process in psutil.Process(self.process.pid).children(recursive=True)
                        if any("jupyter-csharp" in part for part in process.cmdline())]

    def kernels(self):
        return [kernel["id"] for kernel in self.ask("GET", "/user/ada/api/kernels")]

    def run(self, kernel, code, until="idle"):
        """Runs a cell; returns its text output until the kernel is idle, or until this text."""
        async def execute():
            request = HTTPRequest(f"ws://127.0.0.1:{self.port}/user/ada/api/kernels/{kernel}/channels", headers={"Authorization": f"token {self.token}"})
            channels = await websocket_connect(request)
            header = {"msg_id": secrets.token_hex(8), "msg_type": "execute_request", "username": "", "session": secrets.token_hex(8), "version": "5.3"}
            await channels.write_message(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": [],
                                                     "content": {"code": code, "silent": False, "store_history": True, "allow_stdin": False}}))
            text = ""
            while until not in text:
                message = json.loads(await channels.read_message())
                if message["parent_header"].get("msg_id") != header["msg_id"]:
                    continue
                content = message["content"]
                text += content.get("text", "") + content.get("data", {}).get("text/plain", "")
                if message["msg_type"] == "status" and content["execution_state"] == "idle":
                    break
            channels.close()
            return text
        return asyncio.run(asyncio.wait_for(execute(), DEADLINE))

    def ask(self, method, path, content=None):
        """Sends a request to the hub or the user's server; returns the answer's JSON, None if there is no answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method, headers={"Authorization": f"token {self.token}"},
                                         data=None if content is None else json.dumps(content).encode())
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return json.loads(answer.read() or "{}")
        except (urllib.error.URLError, ConnectionError):
            return None

    def wait_for(self, condition):
        end = time.monotonic() + DEADLINE
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                self.log.seek(0)
                raise AssertionError(f"the hub did not get there: {self.log.read()[-3000:]}")
            time.sleep(0.2)

    def close(self):
        left = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        self.process.terminate()
        self.process.wait(DEADLINE)
        left = gone_or_left(left)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if left:
            raise AssertionError(f"left behind: {left}")


@unittest.skipUnless(websocket_connect and shutil.which("jupyterhub") and shutil.which("configurable-http-proxy"), "needs JupyterHub and its proxy")
@unittest.skipUnless(sys.platform.startswith("linux"), "JupyterHub runs on Linux")
class UnderAHub(unittest.TestCase):
    def test_a_kernel_runs_is_culled_while_idle_and_busy_and_ends_with_its_server(self):
        hub = Hub(cull_busy=True)
        self.addCleanup(hub.close)
        with self.subTest("idle"):
            kernel, processes = hub.start_kernel()
            self.assertEqual(hub.run(kernel, "6*7"), "42")
            hub.wait_for(lambda: kernel not in hub.kernels())
            self.assertEqual(gone_or_left(processes), [])
        with self.subTest("busy"):
            kernel, processes = hub.start_kernel()
            hub.run(kernel, 'Console.WriteLine("endless"); while (true) { try { Thread.Sleep(-1); } catch { } }', until="endless")
            hub.wait_for(lambda: kernel not in hub.kernels())
            self.assertEqual(gone_or_left(processes), [])
        with self.subTest("stopped"):
            kernel, processes = hub.start_kernel()
            hub.run(kernel, 'Console.WriteLine("endless"); while (true) { try { Thread.Sleep(-1); } catch { } }', until="endless")
            hub.stop_server()
            self.assertEqual(gone_or_left(processes), [])
            hub.start_server()
            kernel, _ = hub.start_kernel()
            self.assertEqual(hub.run(kernel, "6*7"), "42")


if __name__ == "__main__":
    unittest.main()
