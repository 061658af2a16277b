"""Where finished runs are kept, so that a notebook finds what a command computed, and a second command what the first did."""

from __future__ import annotations

import hashlib
import os
import shutil
from functools import lru_cache
from pathlib import Path

from sim.compiled import CACHE_VARIABLE, cache_folder, code_digest
from sim.errors import InputError
from sim.reading import resource_folder

PACKAGE = Path(__file__).resolve().parent.parent
OURS = ("compiled", "runs")  # the folders in the cache that we made and may take away
CACHE = "cache"  # the name by which notebooks ask for the store in the cache, so that they name no folder of a machine
SOURCES = {".py", ".yaml", ".yml", ".json", ".csv", ".html", ".css", ".j2", ".md"}


@lru_cache(maxsize=1)
def installation_digest() -> str:
    """Names everything of ours that can change a result or a page: code, data, policies, and the versions underneath."""
    digest = hashlib.sha256(code_digest().encode())
    for top in (PACKAGE, resource_folder("data"), resource_folder("policies")):
        files = (path for path in top.rglob("*") if path.suffix in SOURCES and "_resources" not in path.relative_to(top).parts)
        for path in sorted(files):
            digest.update(path.relative_to(top).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def store_folder(name: str) -> Path | None:
    """The folder meant by a notebook's parameter `store`: `cache`, a path, or nothing for no store. Errors: InputError."""
    if name != CACHE:
        return Path(name) if name else None
    nearest = next(folder for folder in (cache_folder().absolute(), *cache_folder().absolute().parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(CACHE_VARIABLE, found=f"{cache_folder()}, which cannot be written to", expected="a folder that can")
    return cache_folder() / "runs" / installation_digest()


def cores() -> int:
    """Processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def cache_size() -> int:
    """Bytes of ours in the cache."""
    files = (path for part in OURS for path in (cache_folder() / part).rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files)


def clear_cache() -> int:
    """Remove compiled code and kept runs; the number of bytes that were there. Nothing else in the folder is touched."""
    size = cache_size()
    for part in OURS:
        try:
            shutil.rmtree(cache_folder() / part)
        except FileNotFoundError:
            pass
        except OSError as error:
            found = f"a folder that cannot be removed ({(error.strerror or str(error)).lower()})"
            raise InputError(cache_folder() / part, found=found, expected="one that can") from None
    return size
