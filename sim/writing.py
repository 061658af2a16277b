"""Writing files for a user to start from: all of them or none, and never over one that is there."""

from __future__ import annotations

from collections.abc import Mapping
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
