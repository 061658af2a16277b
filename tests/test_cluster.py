"""Runs on a cluster: a real scheduler and two worker processes on this machine alone, and what happens when they die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from caches import own_cache
from sweeps import EXPERIMENT, ROOT, command, everything, tables, written

import sim
from sim.cli import main

pytest.importorskip("distributed")
HERE = ["--host", "127.0.0.1", "--no-dashboard"]
LONG = EXPERIMENT.replace("replications: 20", "replications: 112")
SELECTION = """
schema_version: 1
scenario: short.yaml
policies: [fixed-pay, performance-pay]
measure: accounts
indifference_zone: 1
first_stage: 8
batch: 4
uncertain: {effort_cost: [30.0, 90.0]}
"""
LISTEN = """
import os
from sim.experiments.events import LOGGER, JsonLines

def dask_setup(worker):
    LOGGER.addHandler(JsonLines(os.environ["WORKER_LOG"]))
"""


@dataclass
class Cluster:
    """Processes of this test, and the files in which workers log what they begin."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]
    logs: list[Path]


def started(*arguments: str, cwd: Path, **more: str) -> subprocess.Popen[bytes]:
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.Popen([sys.executable, "-m", *arguments], cwd=cwd, env={**os.environ, "PYTHONPATH": search, **more},
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(holds: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@contextmanager
def running(folder: Path, **more: str) -> Iterator[Cluster]:
    """A scheduler on a port it chooses, and two workers of one thread each."""
    folder.mkdir()
    (folder / "listen.py").write_text(LISTEN)
    told = folder / "scheduler.json"
    scheduler = started("distributed.cli.dask_scheduler", *HERE, "--port", "0", "--scheduler-file", str(told), cwd=folder)
    processes = [scheduler]
    try:
        until(lambda: told.exists() and told.read_text().rstrip().endswith("}"))          # there before it is written
        address = json.loads(told.read_text())["address"]
        logs = [folder / f"worker{number}.jsonl" for number in (1, 2)]
        processes += [started("distributed.cli.dask_worker", address, *HERE, "--nthreads", "1", "--no-nanny", "--preload", "listen.py",
                              cwd=folder, WORKER_LOG=str(log), **more) for log in logs]
        until(lambda: all(log.exists() for log in logs))
        yield Cluster(address, scheduler, processes[1:], logs)
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("cluster") / "here") as found:
        yield found


def events(log: Path, name: str) -> list[str]:
    """The runs of which a log tells this."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [json.loads(line)["run"] for line in lines if f'"event": "{name}"' in line and line.endswith("}")]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The long sweep, made by one process."""
    place = tmp_path_factory.mktemp("alone")
    return sim.sweep(written(place, LONG), place / "out", jobs=2).folder


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return written(tmp_path, LONG)


def test_a_cluster_gives_the_bytes_of_one_process(cluster: Cluster, alone: Path, file: Path) -> None:
    assert main(["sweep", str(file), "--out", "out", "--scheduler", cluster.address, "--quiet"]) == 0
    assert everything(Path("out")) == everything(alone)
    begun = [events(log, "begun") for log in cluster.logs]
    assert min(map(len, begun)) > 5                                  # both workers worked
    assert sum(map(len, begun)) == len(set().union(*begun)) == len(list(Path("out/blocks").rglob("*.parquet"))) - 1


def test_a_comparison_on_a_cluster_gives_the_bytes_of_one_process(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.app.reporting.run_notebooks", lambda *_, **__: None)
    for name, more in (("here", []), ("there", ["--scheduler", cluster.address])):
        (tmp_path / f"cache-{name}").mkdir()
        with own_cache(tmp_path / f"cache-{name}"):
            before = sum(len(events(log, "begun")) for log in cluster.logs)
            assert main(["compare", "fixed-pay", "performance-pay", "--replications", "40", "--out", name, "--quiet", *more]) == 0
            assert sum(len(events(log, "begun")) for log in cluster.logs) - before == (6 if more else 0)
    for table in ("results.parquet", "comparison.csv"):
        assert Path("here", table).read_bytes() == Path("there", table).read_bytes()


def at_a_terminal(*arguments: str, cwd: Path) -> tuple[int, str]:
    """The command with a terminal for its stderr: its exit code, and what was drawn there."""
    terminal, end = os.openpty()
    termios.tcsetwinsize(end, (24, 100))
    drawn: list[bytes] = []

    def watch() -> None:
        try:
            while part := os.read(terminal, 4096):
                drawn.append(part)
        except OSError:                                              # how Linux tells that nobody writes there any more
            pass

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with command(*arguments, cwd=cwd, stderr=end) as process:
            os.close(end)
            try:
                code = process.wait(timeout=120)
            finally:
                process.kill()
        watcher.join()
    finally:
        os.close(terminal)
    return code, b"".join(drawn).decode()


def test_a_selection_on_a_cluster_with_its_bar_gives_the_bytes_of_one_process(cluster: Cluster, file: Path) -> None:
    """Each run is in a world of its own, since a parameter is uncertain; the bar stays here."""
    (file.parent / "best.yaml").write_text(SELECTION, encoding="utf-8")
    for name, more in (("here", []), ("there", ["--scheduler", cluster.address])):
        (file.parent / f"cache-{name}").mkdir()
        with own_cache(file.parent / f"cache-{name}"):
            before = [len(events(log, "begun")) for log in cluster.logs]
            code, drawn = at_a_terminal("select", "best.yaml", "--out", name, *more, cwd=file.parent)
            assert code == 0 and "replications" in drawn and "%" in drawn, drawn
            worked = [len(events(log, "begun")) - count for log, count in zip(cluster.logs, before, strict=True)]
            assert min(worked) > 5 if more else worked == [0, 0]
    assert everything(file.parent / "here") == everything(file.parent / "there")


def test_nothing_is_compiled_here_where_workers_make_the_runs(cluster: Cluster, file: Path, monkeypatch: pytest.MonkeyPatch,
                                                              capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "best.yaml").write_text(SELECTION, encoding="utf-8")
    monkeypatch.setattr("sim.app.reporting.run_notebooks", lambda *_, **__: None)
    for module in ("sim.experiments.simulate", "sim.app.selecting"):
        monkeypatch.setattr(f"{module}.needs_compiling", lambda *_: True)
    for name, more in (("here", []), ("there", ["--scheduler", cluster.address])):
        for asked in (["compare", "fixed-pay", "performance-pay", "--replications", "2"], ["select", "best.yaml"]):
            assert main([*asked, "--out", name, *more]) == 0
            assert ("Compiling" in capsys.readouterr().err) == (not more)


def test_a_worker_killed_costs_its_own_block_and_a_lost_scheduler_nothing_that_was_finished(cluster: Cluster, alone: Path, file: Path) -> None:
    for log in cluster.logs:
        log.write_text("")
    sweep = ["sweep", str(file), "--scheduler", cluster.address, "--quiet"]
    with command(*sweep, "--out", "out", "--log", "log.jsonl", cwd=file.parent) as process:
        until(lambda: len(events(Path("log.jsonl"), "block")) > 12)
        arrived = set(events(Path("log.jsonl"), "block"))
        cluster.workers[0].send_signal(signal.SIGKILL)
        assert process.wait(timeout=240) == 0, process.stderr.read()
    assert everything(Path("out")) == everything(alone)
    begun = Counter(run for log in cluster.logs for run in events(log, "begun"))
    twice = {run for run, times in begun.items() if times > 1}
    assert twice <= set(events(cluster.logs[0], "begun")) and not twice & arrived       # what it worked at, and results not yet fetched

    with command(*sweep, "--out", "again", "--log", "again.jsonl", cwd=file.parent) as process:
        until(lambda: len(events(Path("again.jsonl"), "block")) > 12)
        cluster.scheduler.send_signal(signal.SIGKILL)
        out, err = process.communicate(timeout=240)
    assert process.returncode == 130 and out == ""
    assert len(err.splitlines()) == 1 and f"The scheduler at {cluster.address} was lost" in err and "the same command goes on" in err
    kept = {path: content for path, content in everything(Path("again")).items() if path.startswith("blocks")}
    assert len(kept) > 12 and kept.items() <= everything(alone).items()
    assert main(["sweep", str(file), "--out", "again", "--quiet"]) == 0
    assert tables(Path("again")) == tables(alone) and everything(Path("again")) == everything(alone)


def test_a_worker_with_other_code_is_refused(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As where a site has upgraded only some of its machines: here the workers run a copy with one word more."""
    import shutil

    other = tmp_path / "other"
    shutil.copytree(ROOT / "sim", other / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("data", "policies"):
        (other / name).symlink_to(ROOT / name)
    with (other / "sim" / "experiments" / "frames.py").open("a", encoding="utf-8") as stream:
        stream.write("# another\n")
    with running(tmp_path / "there", PYTHONPATH=str(other)) as found:
        assert main(["sweep", str(file), "--out", "out", "--scheduler", found.address]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and "--scheduler: found code" in err and "the same release" in err
    assert not Path("out").exists()
