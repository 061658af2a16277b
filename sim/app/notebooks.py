"""Notebooks executed as programs: parameters checked, outputs whole, nothing done twice.

Papermill does the executing. Around it: a parameter the notebook does not have is refused (papermill only warns), the kernel is
this very Python and not one registered under a name, the executed notebook appears at once or not at all and holds neither
times nor folders of the machine, and one that is up to date is left alone.
"""

from __future__ import annotations

import ast
import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.app.folders import write_whole
from sim.app.store import PACKAGE, installation_digest
from sim.errors import InputError, nearest
from sim.reading import resource_folder

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

Plain = bool | int | float | str
MARK = "incentivelab"  # the key under which an executed notebook's metadata says what it was made of
RESULTS = "results"  # the parameter that names the file a notebook leaves
# What papermill logs is raised as well; without a handler of the program's own it would be printed a second time.
logging.getLogger("papermill").addHandler(logging.NullHandler())
SOCKET_PATH = 80  # bytes; systems allow some 100 for the whole name of a socket


class NotebookError(RuntimeError):
    """A cell failed. failed: the notebook as far as it came, None if its kernel died before there was one."""

    def __init__(self, what: str, failed: Path | None = None) -> None:
        super().__init__(f"{what} (as far as it came: {failed})" if failed else what)
        self.what, self.failed = what, failed


@dataclass(frozen=True)
class Task:
    """One notebook to execute.

    name: of the notebook in the library. out: where the executed one goes. parameters: values other than its defaults.
    cwd: the folder it works in, by default that of `out`. inputs: files besides our own that it reads.
    """

    name: str
    out: Path
    parameters: Mapping[str, Plain] = field(default_factory=dict)
    cwd: Path | None = None
    inputs: tuple[Path, ...] = ()

    @property
    def folder(self) -> Path:
        return Path(os.path.abspath(self.cwd or self.out.parent))

    @property
    def failed(self) -> Path:
        return self.out.with_name(f"{self.out.stem}.failed.ipynb")


def list_notebooks() -> list[str]:
    """The notebooks of the library, in alphabetical order."""
    return sorted(path.stem for path in resource_folder("notebooks").glob("*.ipynb"))


def notebook_file(name: str) -> Path:
    """Where a notebook of the library lies."""
    if name not in list_notebooks():
        raise InputError("notebook", found=f"`{name}`", expected="a notebook of the library", hint=nearest(name, list_notebooks()))
    return resource_folder("notebooks") / f"{name}.ipynb"


@lru_cache
def parameters_of(name: str) -> Mapping[str, Plain]:
    """The parameters of a notebook with their defaults, as its parameters cell sets them."""
    cells = json.loads(notebook_file(name).read_text(encoding="utf-8"))["cells"]
    (cell,) = (cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", ()))
    found: dict[str, Plain] = {}
    for line in ast.parse("".join(cell["source"])).body:
        if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
            raise ValueError(f"{name}.ipynb: the parameters cell holds more than `name = value` lines")
        found[line.targets[0].id] = ast.literal_eval(line.value)
    return found


def check_parameters(name: str, given: Mapping[str, Plain]) -> dict[str, Plain]:
    """The parameters given, or an InputError about one that the notebook does not have or that is of another kind."""
    known = parameters_of(name)
    for key, value in given.items():
        if key not in known:
            raise InputError(f"{name}.ipynb", key, found="an unknown parameter", hint=nearest(key, known))
        default = known[key]
        whole_for_real = isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)
        if type(value) is not type(default) and not whole_for_real:
            expected = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[type(default)]
            raise InputError(f"{name}.ipynb", key, found=repr(value)[:60], expected=expected)
    return dict(given)


def write_copy(name: str, path: Path, parameters: Mapping[str, Plain]) -> None:
    """A copy of a notebook of the library for the user, its parameters' defaults replaced by these."""
    values = {**parameters_of(name), **check_parameters(name, parameters)}
    notebook = json.loads(notebook_file(name).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "parameters" in cell.get("metadata", {}).get("tags", ()):
            cell["source"] = "\n".join(f"{key} = {value!r}" for key, value in values.items())
    notebook["metadata"][MARK] = {"notebook": name, "copy": _digest_of_cells(notebook)}
    write_whole(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", path)


def is_untouched_copy(name: str, path: Path) -> bool:
    """Whether a file is a copy of this notebook as `write_copy` left it; that it was run and saved since does not count."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        mark = notebook["metadata"][MARK]
        return bool(mark["notebook"] == name and mark["copy"] == _digest_of_cells(notebook))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _digest_of_cells(notebook: Mapping[str, Any]) -> str:
    """Names what the cells say, without what they put out."""
    said = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def run_notebook(
    name: str,
    out_path: str | Path,
    parameters: Mapping[str, Plain] | None = None,
    cwd: str | Path | None = None,
    inputs: Sequence[str | Path] = (),
) -> Path:
    """Execute one notebook of the library, or leave the executed one alone if it is up to date; where it is.

    Errors: InputError about name and parameters; NotebookError, with the partly executed notebook kept beside.
    """
    task = Task(name, Path(out_path), dict(parameters or {}), Path(cwd) if cwd else None, tuple(map(Path, inputs)))
    return run_notebooks([task])[0]


def run_notebooks(tasks: Sequence[Task], at_once: int = 2, done: Callable[[Task], None] | None = None) -> list[Path]:
    """Execute several notebooks, `at_once` at a time, each in a Python process of its own; where they are.

    done: called as each is finished. The first failure, or Ctrl-C, ends the others too. Errors: as `run_notebook`.
    """
    for task in tasks:
        check_parameters(task.name, task.parameters)
    kernels: list[AsyncKernelManager] = []
    with ThreadPoolExecutor(max_workers=max(1, at_once)) as pool:
        started = {pool.submit(_run, task, kernels): task for task in tasks}
        try:
            for future in as_completed(started):
                future.result()
                if done:
                    done(started[future])
        except BaseException:
            _stop(started, kernels)
            raise
    return [task.out for task in tasks]


def _stop(futures: Mapping[Future[None], Task], kernels: list[AsyncKernelManager]) -> None:
    """End what is still running; a kernel may just be starting, hence again and again."""
    for future in futures:
        future.cancel()
    while wait(futures, timeout=0.05).not_done:
        for kernel in list(kernels):
            process = getattr(kernel.provisioner, "process", None)
            if process is not None:
                process.kill()


def digest_of_task(task: Task) -> str:
    """Names all that decides an executed notebook: its source, parameters, files read, and everything of ours."""
    cells = json.loads(notebook_file(task.name).read_text(encoding="utf-8"))["cells"]
    source = [["".join(cell["source"]), cell["cell_type"]] for cell in cells]
    digest = hashlib.sha256(json.dumps([installation_digest(), source, sorted(task.parameters.items())]).encode())
    for path in task.inputs:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def is_current(task: Task) -> bool:
    """Whether the executed notebook is there, made of the very same things, with the file it leaves."""
    try:
        made_of = json.loads(task.out.read_text(encoding="utf-8"))["metadata"][MARK]["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    results = {**parameters_of(task.name), **task.parameters}.get(RESULTS, "")
    return made_of == digest_of_task(task) and (not results or (task.folder / str(results)).is_file())


def _run(task: Task, kernels: list[AsyncKernelManager]) -> None:
    """Execute into a temporary file and rename; on failure keep what there is under another name."""
    if is_current(task):
        return
    task.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="incentivelab-", ignore_cleanup_errors=True) as room:
        partial = Path(room) / task.out.name
        try:
            notebook = _execute(task, partial, kernels, Path(room))
        except Exception as error:
            raise _told(task, error, partial) from error
        write_whole(_scrubbed(notebook, task, digest_of_task(task)), task.out)
    task.failed.unlink(missing_ok=True)


def _execute(task: Task, out: Path, kernels: list[AsyncKernelManager], room: Path) -> NotebookNode:
    from jupyter_core.utils import run_sync
    from papermill import execute_notebook

    kernel = _kernel(room)
    kernels.append(kernel)
    try:
        return execute_notebook(
            _literal(notebook_file(task.name)),
            _literal(out),
            dict(task.parameters),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            km=kernel,
            resources={"metadata": {"path": str(task.folder)}},
        )
    finally:
        kernels.remove(kernel)
        if kernel.has_kernel:
            run_sync(kernel.shutdown_kernel)(now=True)


def _literal(path: Path) -> str:
    """Papermill fills in what stands in braces in a path; ours are meant as they are."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _kernel(room: Path) -> AsyncKernelManager:
    """A kernel in the Python that runs now, with nothing of the user's own start-up files, and files of its own in `room`."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    # names of managers and units are Chinese too, whatever the locale of the terminal
    env = {"IPYTHONDIR": str(room / "ipython"), "PYTHONIOENCODING": "utf-8", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    if PACKAGE.parent.name not in ("site-packages", "dist-packages"):  # run from its source tree: the kernel must find it there
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(argv=command, display_name="Python 3", language="python", env=env)

    kernel = AsyncKernelManager(kernel_spec_manager=ThisPython(), kernel_name="python3", connection_file=str(room / "kernel.json"))
    if os.name == "posix" and len(os.fsencode(room)) < SOCKET_PATH:
        kernel.transport, kernel.ip = "ipc", str(room / "k")  # no ports, for which kernels started at once could compete
    return kernel


def _told(task: Task, error: Exception, partial: Path) -> NotebookError:
    """What went wrong, with the notebook as far as it came put beside where the whole one would be."""
    from papermill.exceptions import PapermillExecutionError

    where, what = "", f"{type(error).__name__}: {error}"
    if isinstance(error, PapermillExecutionError):
        where, what = f": cell {error.exec_count}", f"{error.ename}: {error.evalue}"
    message = f"{task.name}.ipynb{where} failed with {what}"
    if not partial.exists():
        return NotebookError(message)
    write_whole(partial.read_text(encoding="utf-8"), task.failed)
    return NotebookError(message, task.failed)


def _scrubbed(notebook: NotebookNode, task: Task, digest: str) -> str:
    """The executed notebook as text, without what differs from run to run or tells of the machine."""
    import nbformat

    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell["id"] = "injected-parameters"
    notebook.metadata["papermill"] = {"parameters": dict(task.parameters)}
    notebook.metadata[MARK] = {"notebook": task.name, "digest": digest}
    return nbformat.writes(notebook)
