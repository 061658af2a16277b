"""The explorer's notebook in JupyterLab, for this machine alone."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

from sim.app.notebooks import write_copy
from sim.app.request import request
from sim.app.words import say
from sim.errors import InputError

HERE = "127.0.0.1"  # never another address: whoever reaches the server can run programs
FIRST_PORT, PORTS = 8888, 100
NOTEBOOK = "explore"


def open_explorer(scenario: str, lang: str, port: int, browser: bool) -> int:
    """Put a copy of the notebook into the working folder, start JupyterLab on it and wait for its end; its exit code."""
    request(scenario, [], lang=lang, fewest=0)
    number = _free_port(port)
    path = Path(f"{NOTEBOOK}.ipynb")
    if path.exists():
        print(say("command.kept", lang, path=path))
    else:
        _copy(path, scenario, lang)
    token = secrets.token_hex(16)
    print(say("command.explore", lang, address=f"http://{HERE}:{number}/lab/tree/{path}?token={token}"), flush=True)
    server = subprocess.Popen(command(path, number, browser), env={**os.environ, "JUPYTER_TOKEN": token})
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:  # Ctrl-C reaches the server as well, which then closes its kernels; that is the way to end it
            server.terminate()


def command(path: Path, port: int, browser: bool) -> list[str]:
    """How JupyterLab is started: bound to this machine, asking nobody outside for news, updates or extensions."""
    settings = {
        "ServerApp.ip": HERE, "ServerApp.port": port, "ServerApp.port_retries": 0, "ServerApp.root_dir": Path.cwd(),
        "ServerApp.open_browser": browser, "ServerApp.answer_yes": True, "ServerApp.allow_remote_access": False,
        "ServerApp.log_level": "WARN", "ServerApp.default_url": f"/lab/tree/{path}",
        "LabApp.news_url": None, "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
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
