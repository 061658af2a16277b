"""A first scenario of a user's own: a folder with a scenario, policies and a page that says what to do with them."""

from __future__ import annotations

from pathlib import Path

from sim.errors import InputError, nearest
from sim.reading import resource_folder

# What each kind of template is made of: the file written, and the resource it is copied from.
TEMPLATES: dict[str, dict[str, tuple[str, str]]] = {
    "scenario": {
        "my-branch.yaml": ("data", "templates/scenario.yaml"),
        "my-policy.yaml": ("data", "templates/policy.yaml"),
        "all-settings.yaml": ("policies", "templates/commented-example.yaml"),
        "README.md": ("data", "templates/README.md"),
    }
}


def write_template(directory: str | Path, kind: str = "scenario") -> list[Path]:
    """Write the template files into a folder, made if need be; refuse, before writing anything, to replace a file."""
    if kind not in TEMPLATES:
        raise InputError("template", found=f"`{kind}`", expected="a kind of template", hint=nearest(kind, TEMPLATES))
    folder = Path(directory)
    texts = {folder / name: _resource(*source) for name, source in TEMPLATES[kind].items()}
    written: list[Path] = []
    try:
        for path in texts:
            if path.exists() or path.is_symlink():
                raise InputError(path, found="a file already there", expected="a folder without it; nothing was written")
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                written.append(path)
                stream.write(text)
    except (OSError, ValueError) as error:  # a full disk, no permission, a file where a folder should be
        for path in written:
            path.unlink(missing_ok=True)
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(folder, found=f"a folder that cannot be written to ({reason})", expected="one that can") from None
    return written


def _resource(top: str, file: str) -> str:
    return (resource_folder(top) / file).read_text(encoding="utf-8")
