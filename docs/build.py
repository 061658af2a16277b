"""Writes what the documents quote out of data and model, so that the two cannot drift apart.

    python docs/build.py            write parameters.md, the marked blocks and the pictures
    python docs/build.py --check    name what is out of date; exit code 1 if anything is

A marked block stands between `<!-- block NAME WORD... -->` and `<!-- end -->`; what is between them is written here.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import sim
from sim.cli import DEMO_POLICIES, DEMO_SCENARIO, REPLICATIONS
from sim.engine.day import STAGES
from sim.experiments.compare import Comparison
from sim.experiments.norms import meetings_to_switch
from sim.reading import read_yaml, resource_folder
from sim.world.parameters import MECHANISMS, Parameter, load_mechanisms, load_parameters

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PAGES = (DOCS / "model.md", ROOT / "README.md", ROOT / "README.zh-CN.md")
PARAMETERS, IMAGES = DOCS / "parameters.md", DOCS / "images"
RECORD = IMAGES / "demo.json"               # what the pictures show, in numbers
NORMS = IMAGES / "norms.png"
PICTURES = {"en": IMAGES / "demo.png", "zh": IMAGES / "demo.zh-CN.png"}
DOTS_AN_INCH = 130
BLOCK = re.compile(r"(?P<head><!-- block (?P<name>\w+)(?P<words>[^>]*?) -->\n).*?(?P<foot><!-- end -->)", re.DOTALL)


# --- tables -----------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def number(value: float) -> str:
    return f"{value:,.10g}"


def values(parameter: Parameter) -> str:
    """One number, or one for each entry."""
    return ", ".join(f"{entry} {number(value)}".strip() for entry, value in parameter.entries())


def ranges(parameter: Parameter) -> str:
    """The plausible range; one for all entries where they agree."""
    spans = {entry: parameter.span(entry) for entry, _ in parameter.entries()}
    texts = {entry: f"{number(low)} to {number(high)}" for entry, (low, high) in spans.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return ", ".join(f"{entry} {text}" for entry, text in texts.items())


def parameter_pages() -> Iterator[tuple[str, list[Parameter]]]:
    """The data files with the parameters in each, in their order."""
    known = load_parameters()
    for path in sorted((resource_folder("data") / "parameters").glob("*.yaml")):
        if path.name != MECHANISMS:
            yield path.name, [known[name] for name in read_yaml(path)]


def parameters_page() -> str:
    """docs/parameters.md: every parameter with all that is known about it."""
    parts = [
        "# Parameters\n\nWritten by `docs/build.py` from [data/parameters](../data/parameters); edit the values there. What each "
        "does in the model is said in [model.md](model.md).\n\n"
        "Status: *measured* in the case or branch at hand, *calibrated* to the Changzhou case (roughly, see "
        "[model.md](model.md#how-the-values-were-found)), *assumed* where neither holds; the source says on what grounds. The range is what is held "
        "plausible. *By manager*: a scenario may give single managers a value of their own.\n\n" + statuses([]),
    ]
    for file, found in parameter_pages():
        rows = [(f"`{p.name}`", values(p), p.unit, p.status, ranges(p), p.source, "yes" if p.per_manager else "") for p in found]
        head = ("name", "value", "unit", "status", "range", "source", "by manager")
        parts.append(f"\n## {file}\n\n{table(head, rows)}")
    return "".join(parts)


# --- blocks -----------------------------------------------------------------------------------------------------------


def parameters(names: Sequence[str]) -> str:
    """The named parameters: value, unit, status."""
    known = load_parameters()
    found = [known[name] for name in names]
    return table(("parameter", "value", "unit", "status"), ((f"`{p.name}`", values(p), p.unit, p.status) for p in found))


def statuses(_: Sequence[str]) -> str:
    """How many values have which status."""
    counts = Counter(p.status for p in load_parameters().values())
    told = ", ".join(f"{counts[status]} {status}" for status in ("measured", "calibrated", "assumed"))
    return f"Of {sum(counts.values())} parameters: {told}.\n"


def stages(_: Sequence[str]) -> str:
    """The day in its order."""
    return table(("stage", "name", "what happens"), STAGES)


def mechanisms(_: Sequence[str]) -> str:
    """What can be switched off."""
    rows = ((f"`{name}`", str(m.stage), m.doc, ", ".join(f"`{p}` = {number(v)}" for p, v in m.neutral.items()))
            for name, m in load_mechanisms().items())
    return table(("mechanism", "stage", "what it does", "switched off, this holds"), rows)


def measures(_: Sequence[str]) -> str:
    """What a run reports."""
    rows = ((f"`{name}`", m.label.en, m.unit, m.kind) for name, m in sim.list_measures().items())
    return table(("measure", "what it is", "unit", "kind"), rows)


@lru_cache(maxsize=1)
def _fit() -> dict[str, Any]:
    return json.loads((resource_folder("data") / "cases" / "changzhou-fit.json").read_text(encoding="utf-8"))


def fit(_: Sequence[str]) -> str:
    """What the rough fit looked at, and what it came to."""
    rows = ((row["quarter"], row["figure"], number(row["fact"]), number(row["mean"]),
             f"{number(row['p05'])} to {number(row['p95'])}" if row["p05"] is not None else "") for row in _fit()["figures"])
    return table(("quarter", "figure", "case", "simulated mean", "90 % of replications"), rows)


def fit_design(_: Sequence[str]) -> str:
    """How the fit was made."""
    kept = _fit()
    return (f"The record holds {kept['tries']} tries of {kept['replications_a_try']} replications a quarter, and the best one run "
            f"again with {kept['replications']} (seed {kept['seed']}; sum of squared distances in steps: {number(kept['misfit'])}).\n")


@lru_cache(maxsize=1)
def demo() -> Comparison:
    """The comparison of `incentivelab demo`, out of the cache where it was computed before."""
    from sim.app.request import request

    return request(DEMO_SCENARIO, DEMO_POLICIES, REPLICATIONS, fewest=2).compare()


def headline(words: Sequence[str]) -> str:
    """The three sentences of the demo, in the language named."""
    from sim.report import headline as sentences

    return "".join(f"> {line}\n>\n" for line in sentences(demo(), words[0])).removesuffix(">\n")


BLOCKS: dict[str, Callable[[Sequence[str]], str]] = {
    "parameters": parameters, "statuses": statuses, "stages": stages, "mechanisms": mechanisms, "measures": measures,
    "fit": fit, "fit_design": fit_design, "headline": headline,
}


def filled(text: str) -> str:
    """A page with its blocks written anew."""
    return BLOCK.sub(lambda found: f"{found['head']}\n{BLOCKS[found['name']](found['words'].split())}\n{found['foot']}", text)


# --- pictures ---------------------------------------------------------------------------------------------------------


def record(result: Comparison) -> dict[str, Any]:
    """What the pictures show, in numbers that a test can repeat."""
    means = {run.policy.name: run.totals()[["accounts", "pay"]].mean() for run in result.runs}
    return {"scenario": result.scenario.name, "seed": result.baseline.seed, "replications": result.baseline.replications,
            "norms": {f"{n} managers": round(meetings_to_switch(n, 1.6), 6) for n in (4, 8, 16)},
            "means": {name: {key: round(float(value), 6) for key, value in row.items()} for name, row in means.items()}}


def draw() -> None:
    """The pictures of both languages, and their numbers beside them."""
    from sim.report import norms_figure, plot
    from sim.report.style import png

    IMAGES.mkdir(exist_ok=True)
    for lang, path in PICTURES.items():
        path.write_bytes(png(plot(demo(), lang=lang), dpi=DOTS_AN_INCH))
    NORMS.write_bytes(png(norms_figure(), dpi=DOTS_AN_INCH))
    RECORD.write_text(json.dumps(record(demo()), indent=1) + "\n", encoding="utf-8")


# --- all of it --------------------------------------------------------------------------------------------------------


def stale() -> list[Path]:
    """Documents that say something else than data and model do now."""
    texts = {page: filled(page.read_text(encoding="utf-8")) for page in PAGES} | {PARAMETERS: parameters_page()}
    out = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    kept = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    return out if kept == record(demo()) else [*out, *PICTURES.values(), NORMS]


def main(arguments: Sequence[str]) -> int:
    """Write or check; the exit code."""
    if "--check" in arguments:
        for path in (out := stale()):
            print(f"{path.relative_to(ROOT)} is out of date: run python docs/build.py")
        return 1 if out else 0
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    PARAMETERS.write_text(parameters_page(), encoding="utf-8")
    draw()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
