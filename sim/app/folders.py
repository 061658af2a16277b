"""Report folders: found usable before the work, written beside, and put in place as a whole."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.report.write import PROVENANCE, REPORT
from sim.writing import clean, finished, is_abandoned, remove_folder, temporary_beside

MANIFEST = ".incentivelab.json"  # lists what we wrote, so that a report is replaced and nobody's own file is
OLD = "old"  # an earlier report while it is exchanged for a new one
DROPPINGS = {".DS_Store", "Thumbs.db", ".ipynb_checkpoints", "__pycache__"}  # left by systems and notebook servers


def usable_folder(given: str | Path) -> Path:
    """The full path of a folder a report can be written to: not there yet, empty, or a report of ours.

    Nothing is made or changed, but for what a killed command left half-written in it. Errors: InputError.
    """
    expected = "a folder that is new, empty or an earlier report"
    try:
        if "\0" in str(given):
            raise ValueError("embedded null character")
        path = Path(os.path.abspath(given))
        path = path.resolve() if path.is_symlink() else path
        if Path.cwd().is_relative_to(path):
            raise InputError("--out", found=f"{given}, which holds the working folder", expected="a folder inside it, or elsewhere")
        if path.exists():
            clean(path)
            _refuse_unless_ours(path, str(given), expected)
        _refuse_unless_writable(path, str(given))
    except (OSError, ValueError) as error:
        raise _unusable(given, error) from None
    return path


def _unusable(given: str | Path, error: Exception) -> InputError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return InputError("--out", found=f"{str(given)[:120]!r} ({reason})", expected="a folder that can be written to")


def _refuse_unless_ours(path: Path, given: str, expected: str) -> None:
    if not path.is_dir():
        raise InputError("--out", found=f"the file {given}", expected=expected)
    others = [file for file in _files(path) if file not in _listed(path)]
    if others:
        found = f"{given} with other things in it ({', '.join(others[:3])}{', ...' if len(others) > 3 else ''})"
        raise InputError("--out", found=found, expected=expected)


def _refuse_unless_writable(path: Path, given: str) -> None:
    """The nearest folder above that is there must take new entries."""
    above = next(folder for folder in path.parents if folder.exists())
    if not above.is_dir():
        raise InputError("--out", found=f"{given}, which lies below the file {above.name}", expected="a folder that can be written to")
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError("--out", found=f"{given} (permission denied)", expected="a folder that can be written to")
    if len(os.fsencode(path.name)) > 200:
        raise InputError("--out", found="a name of more than 200 bytes", expected="a shorter one")


def _files(folder: Path) -> list[str]:
    """Files below a folder, relative to it; what systems drop by themselves is not counted."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())
    relative = (path.relative_to(folder) for path in paths)
    return [path.as_posix() for path in relative if not DROPPINGS.intersection(path.parts)]


def _listed(folder: Path) -> set[str]:
    """Files an earlier report says it wrote, by a command or by `sim.write_report`; none if it is no report."""
    made, manifest = _json(folder / PROVENANCE), _json(folder / MANIFEST)
    written = {REPORT, PROVENANCE, *made.get("files", ())} if "incentivelab" in made else set()
    return written | ({MANIFEST, *manifest["files"]} if "files" in manifest else set())


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place of `folder` when the block ends well and vanishes when it does not.

    Folders above are made, and unmade if they were only made for this.
    """
    made = [above for above in folder.parents if not above.exists()]
    staging: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _after_a_kill(folder)
        staging = temporary_beside(folder)
        staging.mkdir()
        yield staging
        (staging / MANIFEST).write_text(json.dumps({"files": _files(staging)}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        _swap(staging, folder)
    except BaseException:
        if staging is not None:
            remove_folder(staging)
        for above in made:
            try:
                above.rmdir()
            except OSError:  # somebody else has put something there meanwhile
                break
        raise


def _swap(staging: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one; whatever happens, one of them is there."""
    if not folder.exists():
        staging.rename(folder)
        return
    old = temporary_beside(folder) / OLD
    old.parent.mkdir()
    try:
        folder.rename(old)
        staging.rename(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
    finally:
        remove_folder(old.parent)


def _after_a_kill(folder: Path) -> None:
    """Put back the earlier report if a command was killed while exchanging it, and remove what killed commands left half-written."""
    for old in folder.parent.glob(f".{glob.escape(folder.name)}.*.part/{OLD}"):
        if not folder.exists() and is_abandoned(old.parent):
            old.rename(folder)
    clean(folder.parent, folder.name)


def write_whole(text: str, path: Path) -> None:
    """Text into a file that appears at once or not at all."""
    with finished(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
