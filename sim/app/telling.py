"""How commands tell of their work and how it ends: lines and bars at a terminal, a log for machines, Ctrl-C, a full disk."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from sim.errors import Stopped

LOOK = "{desc} {percentage:3.0f} % |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
OUTSIDE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}      # the machine's affair, not ours


class Interrupt:
    """Ctrl-C, remembered: raised inside a callback of the compiler it would be lost, so it is raised again at the next step."""

    noted = False

    @classmethod
    @contextmanager
    def watched(cls) -> Iterator[None]:
        def note(*_: object) -> NoReturn:
            cls.noted = True
            raise KeyboardInterrupt

        cls.noted = False
        if threading.current_thread() is not threading.main_thread():       # only there can signals be heard
            yield
            return
        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @classmethod
    def check(cls) -> None:
        if cls.noted:
            raise KeyboardInterrupt


@contextmanager
def unbroken() -> Iterator[None]:
    """A full disk is told as such, with the file it was about, and is no defect; a folder taken away meanwhile is told too."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        place = f" ({error.filename})" if error.filename else ""
        reason = f"{os.strerror(error.errno)}{place}"
        if error.errno in OUTSIDE:
            raise Stopped(f"{reason}.") from error
        raise RuntimeError(reason.lower()) from error


class Teller:
    """Tells on stderr how far the work is: a bar with the time left at a terminal, plain lines elsewhere, nothing if quiet."""

    def __init__(self, lang: str, quiet: bool) -> None:
        self.lang, self.quiet = lang, quiet
        self._write: Callable[..., None] = print

    def line(self, key: str, **parts: object) -> None:
        from sim.app.words import say

        if not self.quiet:
            self._write(say(f"command.{key}", self.lang, **parts), file=sys.stderr)

    @contextmanager
    def bar(self, key: str, total: int) -> Iterator[Bar]:
        from sim.app.words import say

        if self.quiet or not sys.stderr.isatty():
            yield Bar(None)
            return
        from tqdm import tqdm

        words = say(f"command.{key}", self.lang)
        with tqdm(total=total, desc=words, file=sys.stderr, dynamic_ncols=True, leave=False, bar_format=LOOK) as bar:
            self._write = tqdm.write                  # above the bar
            try:
                yield Bar(bar)
            finally:
                self._write = print


class Bar:
    """Steps done, shown if there is a bar; Ctrl-C is heard at each."""

    def __init__(self, shown: Any) -> None:
        self.shown = shown

    def __call__(self, steps: int) -> None:
        if self.shown is not None:
            self.shown.update(steps)
        Interrupt.check()

    def expect(self, total: int) -> None:
        """How many steps there will be, once that is better known."""
        if self.shown is not None:
            self.shown.total = total
            self.shown.refresh()


@contextmanager
def heard(lang: str, quiet: bool, log: str | None = None) -> Iterator[None]:
    """Within the block, what happens to runs is written to the file `log`, if any, and what a user should hear is said on stderr.

    Errors: InputError about a file that cannot be written.
    """
    from sim.experiments.events import LOGGER, JsonLines

    handlers: list[logging.Handler] = [_Aloud(lang)] if not quiet else [logging.NullHandler()]
    if log is not None:
        handlers.append(JsonLines(log))
    for handler in handlers:
        LOGGER.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            LOGGER.removeHandler(handler)
            handler.close()


class _Aloud(logging.Handler):
    """Says warnings in the reader's language."""

    def __init__(self, lang: str) -> None:
        super().__init__(logging.WARNING)
        self.lang = lang

    def emit(self, record: logging.LogRecord) -> None:
        from sim.app.words import say

        print(say(f"command.{record.event}", self.lang, **record.facts), file=sys.stderr, flush=True)      # type: ignore[attr-defined]
