"""The explorer's notebook in JupyterLab, for this machine alone."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sim.app.notebooks import is_untouched_copy, write_copy
from sim.app.request import request
from sim.app.words import say
from sim.errors import InputError

HERE = "127.0.0.1"  # never another address: whoever reaches the server can run programs
FIRST_PORT, PORTS = 8888, 100
NOTEBOOK = "explore"
SILENCED = ("@jupyterlab/apputils-extension:announcements",)  # would ask the user whether it may fetch news


def open_explorer(scenario: str, lang: str, port: int, browser: bool) -> int:
    """Put a copy of the notebook into the working folder, start JupyterLab on it and wait for its end; its exit code."""
    request(scenario, [], lang=lang, fewest=0)
    number = _free_port(port)
    path = Path(f"{NOTEBOOK}.ipynb")
    prepare(path, scenario, lang)
    with tempfile.TemporaryDirectory(prefix="incentivelab-", ignore_cleanup_errors=True) as settings:
        return _serve(path, number, browser, lang, Path(settings))


def prepare(path: Path, scenario: str, lang: str) -> None:
    """The user's copy, made for these options; one that the user has edited is left as it is, which is told."""
    if path.exists() and not is_untouched_copy(NOTEBOOK, path):
        print(say("command.kept", lang, path=path, scenario=scenario, language=lang))
    else:
        _copy(path, scenario, lang)


def _serve(path: Path, port: int, browser: bool, lang: str, settings: Path) -> int:
    """Run the server until it ends or Ctrl-C ends it. settings: an empty folder, read beside the user's own settings."""
    token = secrets.token_hex(16)  # handed over in the environment: arguments can be seen by other users of the machine
    (settings / "labconfig").mkdir()
    (settings / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": dict.fromkeys(SILENCED, True)}))
    search = os.pathsep.join(filter(None, [str(settings), os.environ.get("JUPYTER_CONFIG_PATH", "")]))
    server = subprocess.Popen(command(path, port, browser), env={**os.environ, "JUPYTER_TOKEN": token, "JUPYTER_CONFIG_PATH": search})
    try:
        if _answers(server, port):
            print(say("command.explore", lang, address=f"http://{HERE}:{port}/lab/tree/{path}?token={token}"), flush=True)
        return server.wait()
    except KeyboardInterrupt:  # the way to end it; the server closes its kernels
        server.terminate()
        server.wait()
        return 0


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server takes connections; False if it ended instead."""
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HERE, port)) == 0:
                return True
        time.sleep(0.1)
    return False


def command(path: Path, port: int, browser: bool) -> list[str]:
    """How JupyterLab is started: bound to this machine, asking nobody outside for news, updates or extensions."""
    settings: dict[str, object] = {
        "ServerApp.ip": HERE, "ServerApp.port": port, "ServerApp.port_retries": 0, "ServerApp.root_dir": Path.cwd(),
        "ServerApp.open_browser": browser, "ServerApp.answer_yes": True, "ServerApp.allow_remote_access": False,
        "Application.log_level": "ERROR", "ServerApp.default_url": f"/lab/tree/{path}",
        "LabApp.news_url": None, "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    if os.name == "posix":
        settings["KernelManager.transport"] = "ipc"  # no open port to the kernel at all
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; the address below is this machine's alone
        settings["ServerApp.allow_root"] = True
    return [sys.executable, "-m", "jupyterlab", *(f"--{key}={value}" for key, value in settings.items())]


def _copy(path: Path, scenario: str, lang: str) -> None:
    try:
        write_copy(NOTEBOOK, path, {"scenario": scenario, "lang": lang})
    except OSError as error:
        found = f"a working folder that cannot be written to ({(error.strerror or str(error)).lower()})"
        raise InputError(path, found=found, expected="one that can, for a copy of the notebook") from None


def _free_port(wanted: int) -> int:
    """The port asked for, or the first free one; an InputError if there is none."""
    if not 0 <= wanted <= 65535:
        raise InputError("--port", found=str(wanted), expected="a number from 1 to 65535")
    for number in [wanted] if wanted else range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HERE, number))
            except OSError:
                continue
            return number
    raise InputError("--port", found=f"{wanted or FIRST_PORT}, which is in use", expected="a free port")
