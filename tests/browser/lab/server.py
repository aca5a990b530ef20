#!/usr/bin/python3
"""Serves the JupyterLab front end in ../build (see build.mjs) with Debian's jupyterlab_server.

Takes the usual server options, e.g. --ServerApp.token=x --ServerApp.root_dir=/tmp/notebooks.
Settings and workspaces go to $LAB_STATE, so that each run may start from a fresh one.
"""
import json
import os
import sys
from pathlib import Path

os.environ["JUPYTER_NO_CONFIG"] = "1"
from jupyterlab_server import LabServerApp  # noqa: E402

LAB = Path(__file__).resolve().parent
BUILD = LAB.parent / "build"
STATE = Path(os.environ["LAB_STATE"])

# Need parts of a newer server, a language server, or the network.
DISABLED = [
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/apputils-extension:licenses-plugin",
    "@jupyterlab/notebook-extension:language-server",
    "@jupyterlab/fileeditor-extension:language-server",
]

# JupyterLab drops completions that take longer than a second, which on a loaded machine the first one does.
SETTINGS = {"@jupyterlab/completer-extension:manager": {"providerTimeout": 60_000}}


class TestLab(LabServerApp):
    name = "testlab"
    app_name = "JupyterLab"
    app_version = json.loads((BUILD / "version.json").read_text())["version"]
    app_url = extension_url = default_url = "/lab"
    load_other_extensions = False
    static_dir = str(BUILD / "static")
    schemas_dir = str(BUILD / "schemas")
    themes_dir = str(BUILD / "themes")
    templates_dir = str(LAB / "templates")
    app_settings_dir = str(STATE / "app")
    user_settings_dir = str(STATE / "user")
    workspaces_dir = str(STATE / "workspaces")

    def initialize_settings(self):
        for folder in (self.app_settings_dir, self.user_settings_dir, self.workspaces_dir):
            os.makedirs(folder, exist_ok=True)
        page_config = {"disabledExtensions": {plugin: True for plugin in DISABLED}}
        Path(self.app_settings_dir, "page_config.json").write_text(json.dumps(page_config))
        Path(self.app_settings_dir, "overrides.json").write_text(json.dumps(SETTINGS))
        super().initialize_settings()
        self.settings["terminals_available"] = False


def _jupyter_server_extension_points():
    return [{"module": "testlab", "app": TestLab}]


if __name__ == "__main__":
    # The server imports its extensions by name; this module is the one.
    sys.modules["testlab"] = sys.modules["__main__"]
    TestLab.launch_instance()
