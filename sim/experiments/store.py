"""Kept runs: one Parquet file a block, under an address made of all that decides its bytes.

A block is written under a temporary name and renamed, so it is there whole or not at all; it is found again instead of computed.
Finding one is finding a file by its name, so a store of a hundred thousand blocks is as quick as an empty one, and two
stores are merged by copying files. Pages carry checksums: a file that is no longer what was written is told and taken away, and its
block is computed again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.experiments.events import warn
from sim.experiments.frames import KEYS
from sim.reading import digest_of
from sim.writing import finished

MARK = b"incentivelab"           # the key in a file's metadata under which stand its address and its failed runs
DONE, FAILED = ".parquet", ".failed.parquet"
Stored = tuple[pa.Table, dict[int, str]]         # a block's rows and failures, as `Kept` has them


@dataclass(frozen=True)
class Kept:
    """A block's rows, and the error of each replication that failed, by number."""

    frame: pd.DataFrame = field(repr=False)
    failures: dict[int, str] = field(default_factory=dict)


def address_of(key: dict[str, Any]) -> str:
    """The name of a block in every store: 16 hex digits of all that decides its bytes."""
    return digest_of(key)


@dataclass(frozen=True)
class Store:
    """A folder of blocks."""

    folder: Path

    def path(self, address: str, ending: str = DONE) -> Path:
        return self.folder / address[:2] / (address + ending)

    def has(self, address: str) -> bool:
        """Whether a block is there without failed runs; those are tried again."""
        return self.path(address).exists()

    def get(self, address: str) -> Kept | None:
        """A block, None if it is not there or damaged (which is told, and the file taken away)."""
        found = self.read(address)
        return found and Kept(_with_categories(found[0].to_pandas()), found[1])

    def read(self, address: str) -> Stored | None:
        """The same as it lies in its file, which is several times quicker."""
        for ending in (DONE, FAILED):
            try:
                return read_block(self.path(address, ending), address)
            except FileNotFoundError:
                continue
            except Damaged as damage:
                warn("damaged", file=str(self.path(address, ending)), why=str(damage))
                self.path(address, ending).unlink()
        return None

    def put(self, address: str, kept: Kept) -> Stored:
        """Keep a block; one that failed before is replaced. What `read` finds from now on."""
        path = self.path(address, FAILED if kept.failures else DONE)
        path.parent.mkdir(parents=True, exist_ok=True)
        said = json.dumps({"address": address, "failures": {str(key): text for key, text in sorted(kept.failures.items())}})
        table = write_parquet(kept.frame, path, {MARK: said.encode()}, beside=self.folder)
        if not kept.failures:
            self.path(address, FAILED).unlink(missing_ok=True)
        return table, kept.failures

    def files(self) -> list[Path]:
        """The files of all blocks, damaged ones among them."""
        return sorted(self.folder.glob("[0-9a-f][0-9a-f]/*.parquet"))

    def take_over(self, other: Store, progress: Callable[[int], None]) -> tuple[int, int]:
        """Copy the blocks of another store that are not here yet, each read in full first; how many were copied, how many damaged.

        progress: told 1 for every file looked at.
        """
        copied = damaged = 0
        for path in other.files():
            progress(1)
            address = path.name.split(".")[0]
            target = self.folder / path.relative_to(other.folder)
            if target.exists() or self.has(address):
                continue
            try:
                read_block(path, address)
            except Damaged as damage:
                warn("damaged", file=str(path), why=str(damage))
                damaged += 1
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with finished(target, beside=self.folder) as part:
                shutil.copyfile(path, part)
            copied += 1
        return copied, damaged


class Damaged(Exception):
    """A file that is not what was written."""


def read_block(path: Path, address: str) -> Stored:
    """A block from its file, every checksum looked at. Errors: FileNotFoundError, Damaged."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            said = json.loads((file.schema_arrow.metadata or {})[MARK])
            if said["address"] != address:
                raise Damaged(f"it holds {said['address']}")
            return file.read(use_threads=False), {int(key): text for key, text in said["failures"].items()}
    except OSError as error:
        if error.errno is not None:                  # the disk's own word, not the reader's
            raise
        raise Damaged(_one_line(error)) from None
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise Damaged(_one_line(error)) from None


def _with_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Keys as categories, those that are not yet."""
    return frame.astype({key: "category" for key in KEYS if key in frame and not isinstance(frame[key].dtype, pd.CategoricalDtype)})


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


def write_parquet(frame: pd.DataFrame, path: Path, said: dict[bytes, bytes] | None = None, beside: Path | None = None) -> pa.Table:
    """Write a frame in the one canonical form, under a temporary name first, so that no half-written file is seen; what was written.

    said: more metadata for the file. beside: the folder for the temporary file, on the same disk; by default that of `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(_with_categories(frame), preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **(said or {})})
    with finished(path, beside=beside) as part:
        pq.write_table(table, part, compression="zstd", write_page_checksum=True)
    return table

