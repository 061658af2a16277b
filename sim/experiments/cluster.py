"""Runs on a cluster: joblib's Dask backend, behind the address of a scheduler."""

from __future__ import annotations

import logging
from _thread import interrupt_main
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Stopped
from sim.experiments.blocks import code

if TYPE_CHECKING:
    from distributed import Client

AHEAD = 4                        # blocks handed out for each thread of the workers there are (joblib doubles it)
PATIENCE = 60                    # seconds for a scheduler to answer, and for the first worker to come


@contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Within the block, runs are computed by the workers of the scheduler at this address; without one, in this process.

    Workers that join later are welcome; one that is lost costs the blocks it was at and those it had not yet handed over,
    which others compute again.
    Errors: InputError about the address or a worker with other code; Stopped when the scheduler is lost.
    """
    if address is None:
        yield
        return
    from joblib import parallel_config

    client = _client(address)
    for name in logging.root.manager.loggerDict:
        if name.split(".")[0] in ("distributed", "tornado"):      # what matters is told in one sentence
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    lost, done = Event(), Event()
    Thread(target=_watch, args=(client, lost, done), daemon=True).start()
    try:
        check_workers(client, address)
        with parallel_config(backend=_backend(client)):
            yield
    except _killed() as error:
        raise Stopped(f"The scheduler at {address} has given up on runs at which workers died again and again ({_short(error)}).") from error
    except _lost() as error:
        raise Stopped(f"The scheduler at {address} was lost.") from error
    except KeyboardInterrupt as interrupt:
        if lost.is_set():
            raise Stopped(f"The scheduler at {address} was lost.") from interrupt
        raise
    finally:
        done.set()
        client.close(timeout=2)


def _watch(client: Client, lost: Event, done: Event) -> None:
    """End the wait for results of a scheduler that is gone. Nearly always the error comes by itself; a result just on its way has none."""
    while not done.wait(1.0):
        if client.status in ("closing", "closed"):
            lost.set()
            if not done.wait(10.0):
                interrupt_main()
            return


def check_workers(client: Client, address: str) -> None:
    """Refuse a cluster without workers, or with one that would give other results. Each block is checked again by whoever runs it."""
    from distributed import TimeoutError as Late

    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except Late:
        raise InputError("--scheduler", found=f"no worker at {address} within {PATIENCE} s", expected="one or more") from None
    try:
        others = {worker: other for worker, other in client.run(code).items() if other != code()}
    except _lost():
        raise
    except Exception as error:                       # raised on a worker: most likely it has no incentivelab
        raise InputError("--scheduler", found=f"a worker that cannot run incentivelab ({_short(error)})",
                         expected=f"this release, code {code()}, on every worker") from None
    for worker, other in others.items():
        raise InputError("--scheduler", found=f"code {other} on the worker {worker}",
                         expected=f"{code()}, as here: the same release, Python, numpy and numba on every worker")


def _backend(client: Client) -> Any:
    """joblib's Dask backend, with some blocks in waiting for workers that come later; and never in this process, where joblib would
    compute if there were but one worker with one thread."""
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):               # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            return AHEAD * max(1, super().effective_n_jobs(n_jobs))

    return Backend(client=client, wait_for_workers_timeout=PATIENCE)


def _client(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler", found="no package `distributed` in this environment", expected="it",
                         hint="Install the extra `cluster`: pip install 'incentivelab[cluster]'.") from None
    try:
        return Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        found = f"no scheduler at {address[:120]} ({_short(error)})"
        raise InputError("--scheduler", found=found, expected="an address such as tcp://host:8786") from None


def _lost() -> tuple[type[BaseException], ...]:
    from distributed.comm import CommClosedError

    return CancelledError, CommClosedError


def _killed() -> type[BaseException]:
    from distributed import KilledWorker

    return KilledWorker


def _short(error: Any) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
