"""What commands and the explorer say, in the reader's language. Every text stands in words.yaml."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.reading import read_yaml


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    return read_yaml(Path(__file__).with_name("words.yaml"))


def say(key: str, lang: str, **parts: object) -> str:
    """A text by its dotted key, its gaps filled; parts are inserted as they are, whatever braces they hold."""
    found: Any = _texts()
    for part in key.split("."):
        found = found[part]
    return found[lang].format(**parts)
