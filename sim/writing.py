"""Writing files: for a user to start from, all of them or none and never over one that is there; and results, each whole or not at all."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sim.errors import InputError


def write_new(folder: str | Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, made if need be, by their paths in it; the paths written.

    Errors: InputError where one is already there or the folder cannot be written to; nothing is then left behind.
    """
    top = Path(folder)
    paths = {top / name: content for name, content in files.items()}
    written: list[Path] = []
    try:
        for path in paths:
            if path.exists() or path.is_symlink():
                raise InputError(path, found="a file already there", expected="a folder without it; nothing was written")
        for path, content in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                written.append(path)
                stream.write(content)
    except (OSError, ValueError) as error:  # a full disk, no permission, a file where a folder should be
        for path in written:
            path.unlink(missing_ok=True)
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(top, found=f"a folder that cannot be written to ({reason})", expected="one that can") from None
    return written


# --- files that are there whole or not at all --------------------------------------------------------------------------

_TEMPORARY = re.compile(r"\..*\.(?P<host>[0-9a-f]{6})-(?P<pid>[0-9]+)-[0-9a-f]{8}\.part")
_FORGOTTEN = 7 * 86_400.0                           # seconds after which what another machine left is taken to be abandoned
_TRIES = 20


def temporary_beside(path: Path, beside: Path | None = None) -> Path:
    """A hidden name nobody else uses, which tells what is being written and by which process; nothing is made.

    beside: the folder it lies in, by default that of `path`.
    """
    return (beside or path.parent) / f".{path.name}.{_host()}-{os.getpid()}-{secrets.token_hex(4)}.part"


@contextmanager
def finished(path: Path, beside: Path | None = None) -> Iterator[Path]:
    """A temporary file to write, which becomes `path` when the block ends well and vanishes when it does not."""
    part = temporary_beside(path, beside)
    try:
        yield part
        os.replace(part, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)
        part.unlink(missing_ok=True)
        raise


def clean(folder: Path, name: str = "") -> None:
    """Remove what a process that was killed left half-written in a folder: files and folders of `temporary_beside`.

    name: only what was to become this. What a living process is writing stays.
    """
    try:
        left = [path for path in folder.iterdir() if path.name.startswith(f".{name}") and is_abandoned(path)]
    except (OSError, ValueError):                   # it is not there, or cannot be: told by whoever writes to it
        return
    for path in left:
        if path.is_dir() and not path.is_symlink():
            remove_folder(path)
        else:
            path.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder of ours, again for a second if need be: a helper just killed may still have been writing into it."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(1.0 / _TRIES)


def is_abandoned(path: Path) -> bool:
    """Whether this is a temporary file or folder of ours whose process has ended."""
    found = _TEMPORARY.fullmatch(path.name)
    if found is None:
        return False
    try:
        if found["host"] != _host():
            return time.time() - path.lstat().st_mtime > _FORGOTTEN
        os.kill(int(found["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):                # it lives, and is another user's; or the file is gone meanwhile
        return False
    return False


def _host() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]
