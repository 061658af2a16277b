"""What happens while runs are made, for whoever listens: a command at its terminal, a log that a machine reads.

Events go through Python's own `logging`, under the name `incentivelab`. They name runs by their addresses and never people.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.errors import InputError

LOGGER = logging.getLogger("incentivelab")
LOGGER.setLevel(logging.INFO)                       # told to those who listen; without listeners only warnings are printed


def note(event: str, **facts: Any) -> None:
    """Something ordinary: a block begun, finished or found. facts: plain values."""
    LOGGER.info(event, extra={"event": event, "facts": facts})


def warn(event: str, **facts: Any) -> None:
    """Something a user should hear of, though the work goes on."""
    told = ", ".join(f"{name}: {value}" for name, value in facts.items())
    LOGGER.warning("%s (%s)", event, told, extra={"event": event, "facts": facts})


class JsonLines(logging.Handler):
    """Appends each event to a file as one line of JSON: time (UTC), event, and its facts."""

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        try:
            self.stream = Path(path).open("a", encoding="utf-8", buffering=1)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise InputError("--log", found=f"{str(path)[:120]!r} ({reason})", expected="a file that can be written to") from None

    def emit(self, record: logging.LogRecord) -> None:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        facts = {name: value for name, value in getattr(record, "facts", {}).items() if name != "file"}       # a path may name a person
        self.stream.write(json.dumps({"time": time, "event": getattr(record, "event", record.getMessage()), **facts}) + "\n")

    def close(self) -> None:
        self.stream.close()
        super().close()
