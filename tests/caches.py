"""A cache of a test module's own, so that it neither finds what earlier runs left nor leaves anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sim
from sim.compiled import CACHE_VARIABLE, cache_folder, is_compiled


@contextmanager
def own_cache(folder: Path) -> Iterator[Path]:
    """Until the end of the block `folder` is the cache, for this process and those it starts; compiled code is shared."""
    if not is_compiled():  # once here rather than in every process that is started
        sim.simulate(sim.load_scenario("changzhou-2015"), sim.load_policy("fixed-pay"), replications=1)
    (cache_folder() / "compiled").mkdir(parents=True, exist_ok=True)
    (folder / "compiled").symlink_to(cache_folder().absolute() / "compiled", target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        yield folder
