"""What the documents say is so: links lead somewhere, code and commands run, names exist, numbers are the model's."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import sim
from sim import cli
from sim.engine.day import STAGES
from sim.engine.state import CUSTOMER, MANAGER
from sim.policy import schema
from sim.world.parameters import load_mechanisms, load_parameters

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MODEL, ENGLISH, CHINESE = DOCS / "model.md", ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *(ROOT / "data" / "templates").glob("*.md")])
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
SYMBOLS = {"promise_intermediaries", "partner_chance", "partner_worth", "risk_aversion"}     # of the equations, beside theta_k and the like
MOST_BYTES = 300_000


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page whose first line begins with these words."""
    return [found["text"] for found in FENCE.finditer(page.read_text(encoding="utf-8")) if found["info"].strip() == language]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """docs/build.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("docs_build", DOCS / "build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- links and pictures -----------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """What a link into a page can name, as repository sites make it from headings."""
    heads = re.findall(r"^#+ +(.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.finditer(prose(page)):
        target, _, anchor = link["target"].partition("#")
        if ":" in target:
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link.group()
        assert file.is_relative_to(ROOT), link.group()
        assert not anchor or anchor in anchors(file), link.group()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_functions_linked_to_a_file_are_in_it(page: Path) -> None:
    for link in LINK.finditer(prose(page)):
        if link["target"].endswith(".py"):
            source = (page.parent / link["target"]).read_text(encoding="utf-8")
            for name in SPAN.findall(link["text"]):
                assert re.search(rf"^(def|class) {name}\b", source, re.MULTILINE), f"{name} in {link['target']}"


def test_pictures_are_small_and_named_for_those_who_cannot_see_them() -> None:
    for page in (ENGLISH, CHINESE):
        pictures = [link for link in LINK.finditer(prose(page)) if link.group().startswith("!")]
        assert pictures
        for link in pictures:
            assert len(link["text"]) > 20
            assert (page.parent / link["target"]).stat().st_size < MOST_BYTES


def test_chapters_named_in_the_code_are_in_the_model_description() -> None:
    for file in sorted((ROOT / "sim").rglob("*.py")):
        for chapter in re.findall(r'docs/model\.md, "([^"]+)"', file.read_text(encoding="utf-8")):
            assert chapter.lower().replace(" ", "-") in anchors(MODEL), f"{chapter} in {file.name}"


# --- code and commands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name_of)
def test_python_blocks_run_as_written_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run([sys.executable, "-W", "error::FutureWarning", str(script)], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def commands(page: Path) -> Iterator[list[str]]:
    """The arguments of each `incentivelab` a page shows, in blocks or in the line."""
    text = page.read_text(encoding="utf-8")
    shown = [line for found in FENCE.finditer(text) if found["info"].strip() in ("sh", "bat", "") for line in found["text"].splitlines()]
    shown += [" ".join(span.split()) for span in SPAN.findall(prose(page))]
    shown += [line for line in text.splitlines() if line.startswith("    incentivelab ")]
    for line in shown:
        first, *arguments = shlex.split(line, comments=True, posix="\\" not in line) or [""]
        if re.split(r"[\\/]", first)[-1] == "incentivelab" and arguments:
            yield arguments


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))], ids=name_of)
def test_every_command_shown_is_understood(page: Path) -> None:
    for arguments in commands(page):
        try:
            options = cli._parser().parse_args(arguments)
        except SystemExit as end:                # --help and --version
            assert not end.code, arguments
            continue
        assert options.run is not None, arguments


def test_the_quick_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = {tuple(arguments) for page in PAGES for arguments in commands(page)}
    quick = sorted(arguments for arguments in shown if arguments[0] in ("list", "new", "doctor") and "--clear-cache" not in arguments)
    assert {arguments[0] for arguments in quick} == {"list", "new", "doctor"}
    for arguments in quick:
        assert cli.main(list(arguments)) == cli.DONE, arguments


def test_comparisons_shown_are_of_policies_that_fit_their_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.app.request import request

    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "my-branch"]) == cli.DONE
    shown = [(page, arguments) for page in PAGES for arguments in commands(page) if arguments[0] == "compare" and len(arguments) > 2]
    assert shown
    for page, arguments in shown:
        if page.parent.name == "templates":      # which is read inside the folder that `new` wrote
            monkeypatch.chdir(tmp_path / "my-branch")
        options = cli._parser().parse_args(arguments)
        assert request(options.scenario, options.policies, fewest=2).policies
        monkeypatch.chdir(tmp_path)


def test_selections_and_precisions_shown_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.app.request import request
    from sim.experiments.selection_file import read_selection

    page = DOCS / "precision-and-selection.md"
    (shown,) = blocks(page, "yaml selection")
    (uncertain,) = blocks(page, "yaml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "best.yaml").write_text(shown, encoding="utf-8")
    read = [read_selection(arguments[1]) for arguments in commands(page) if arguments[0] == "select"]
    assert [len(task.policies) for task in read] == [8, 4]
    (tmp_path / "best.yaml").write_text(shown + uncertain, encoding="utf-8")
    assert set(read_selection("best.yaml").settings.uncertain) == {"effort_cost", "customers_per_manager"}
    precisions = [options.precision for arguments in commands(page) if arguments[0] == "compare"
                  if (options := cli._parser().parse_args(arguments)).precision]
    assert [set(request("changzhou-2015", "fixed-pay,performance-pay", 5000, precision=each).precision) for each in precisions] == [
        {"accounts"}, {"accounts", "satisfaction"}]


def test_the_slurm_job_shown_takes_its_own_scheduler_not_one_of_a_job_that_was_killed(tmp_path: Path) -> None:
    """Run as written, with stand-ins for the programs; that of the scheduler leaves a file alone that is there."""
    (script,) = [block for block in blocks(DOCS / "cluster.md", "text") if "incentivelab sweep" in block]
    stand_ins = {
        "dask": """[ -e scheduler.json ] || echo '{"address": "tcp://new:1"}' > scheduler.json""", "incentivelab": 'echo "$@"',
        "python": f'exec {shlex.quote(sys.executable)} "$@"', "activate": ""}
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name, line in stand_ins.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    (tmp_path / "scheduler.json").write_text('{"address": "tcp://killed:1"}', encoding="utf-8")
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
                          capture_output=True, text=True, timeout=60, check=True)
    assert "--scheduler tcp://new:1" in done.stdout


def test_make_targets_shown_exist() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line for found in FENCE.finditer(text) if found["info"].strip() == "sh" for line in found["text"].splitlines()]
        for shown in [*lines, *SPAN.findall(prose(page))]:
            if found := re.search(r"(?:^|\s)make +([a-z][a-z-]*)", shown):
                assert found[1] in known, f"make {found[1]} in {name_of(page)}"


def test_the_branch_of_the_how_to_lives_under_its_policy(tmp_path: Path) -> None:
    page = DOCS / "own-branch.md"
    (scenario,), (policy,) = blocks(page, "yaml scenario"), blocks(page, "yaml policy")
    extra = "\n".join(span for span in SPAN.findall(prose(page)) if re.match(r"(parameters|mechanisms): \{", span))
    assert extra.count("\n") == 1, "one line of each kind is shown"
    (tmp_path / "east.yaml").write_text(scenario, encoding="utf-8")
    (tmp_path / "distrusted.yaml").write_text(scenario + extra + "\n", encoding="utf-8")
    (tmp_path / "bonus.yaml").write_text(policy, encoding="utf-8")
    for name in ("east", "distrusted"):
        branch, bonus = sim.load_scenario(tmp_path / f"{name}.yaml"), sim.load_policy(tmp_path / "bonus.yaml")
        result = sim.compare(branch, [sim.load_policy("fixed-pay"), bonus], replications=2)
        assert (result.baseline.totals()["accounts"] >= 0).all()


def test_the_plans_of_the_back_test_pay_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    page = DOCS / "backtest.md"
    (now,), (proposal,) = blocks(page, "yaml now"), blocks(page, "yaml proposal")
    shown = [arguments for arguments in commands(page) if arguments[0] in ("new", "check", "backtest") and "--pseudonymise" not in arguments]
    assert [arguments[0] for arguments in shown] == ["new", "check", "backtest"]
    monkeypatch.chdir(tmp_path)
    assert cli.main(shown[0]) == cli.DONE
    (tmp_path / "my-bank" / "now.yaml").write_text(now, encoding="utf-8")
    (tmp_path / "my-bank" / "proposal.yaml").write_text(proposal, encoding="utf-8")
    assert cli.main(shown[1]) == cli.DONE
    assert cli.main([*shown[2], "--resamples", "0"]) == cli.DONE
    told = capsys.readouterr().out
    assert "(\u22123.0 %)" in told and "7 lose over 5 %" in told
    assert {path.name for path in (tmp_path / "my-bank" / "backtest").iterdir()} >= set(re.findall(r"^\| `([\w.]+)` \|", page.read_text(), re.MULTILINE))


# --- names ------------------------------------------------------------------------------------------------------------


def known_names() -> set[str]:
    """Everything the model description may name with an underscore."""
    fields = {field for part in vars(schema).values() if isinstance(part, type) and hasattr(part, "model_fields") for field in part.model_fields}
    words = {word for path in (ROOT / "sim" / "policy").glob("*.py") for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    manager = {"tenure_months", "per_manager"}
    return {*load_parameters(), *load_mechanisms(), *sim.list_measures(), *(MANAGER.names or ()), *(CUSTOMER.names or ()), *fields,
            *words, *manager}


def test_names_in_the_model_description_exist() -> None:
    text = MODEL.read_text(encoding="utf-8")
    linked = {name for link in LINK.finditer(text) if link["target"].endswith(".py") for name in SPAN.findall(link["text"])}
    code = [*blocks(MODEL, "text"), *SPAN.findall(prose(MODEL))]
    named = {word for piece in code for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", piece)}
    unknown = {word for word in named - known_names() - linked - SYMBOLS if not word.endswith("_k")}
    assert not unknown


def test_every_parameter_mechanism_and_measure_is_in_the_model_description() -> None:
    text = MODEL.read_text(encoding="utf-8")
    for name in (*load_parameters(), *load_mechanisms(), *sim.list_measures()):
        assert f"`{name}`" in text, name


def test_stages_stand_in_the_model_description_in_the_order_of_the_day() -> None:
    text = MODEL.read_text(encoding="utf-8")
    places = [text.index(f"| {number} | {name} | {what} |") for number, name, what in STAGES]
    assert places == sorted(places)


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["model.md", "parameters.md"])
def test_tables_taken_from_the_data_are_current(build: ModuleType, page: str) -> None:
    kept = (DOCS / page).read_text(encoding="utf-8")
    assert kept == (build.parameters_page() if page == "parameters.md" else build.filled(kept)), "run python docs/build.py"


def test_pictures_and_headlines_of_the_demo_are_current(build: ModuleType) -> None:
    assert not [name_of(path) for path in build.stale()], "run python docs/build.py"


# --- two languages ----------------------------------------------------------------------------------------------------


def shown_commands(page: Path) -> list[str]:
    return [shlex.join(shlex.split(line, comments=True)) for text in blocks(page, "sh") for line in text.splitlines()]


def test_both_readmes_show_the_same_commands_and_code() -> None:
    assert shown_commands(ENGLISH) == shown_commands(CHINESE)
    assert [text.replace(', lang="zh"', "") for text in blocks(CHINESE, "python")] == blocks(ENGLISH, "python")
    english, chinese = ({link["target"] for link in LINK.finditer(prose(page))} for page in (ENGLISH, CHINESE))
    assert {target.replace(".zh-CN", "").replace("README.md", "") for target in chinese} == {
        target.replace(".zh-CN", "").replace("README.md", "") for target in english}


def test_chinese_is_punctuated_in_chinese() -> None:
    text = SPAN.sub("`", LINK.sub(lambda link: link["text"], prose(CHINESE)))
    found = re.findall(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]|[\u4e00-\u9fff]\.(?=\s|$)|[\u4e00-\u9fff] ?\(|\) ?[\u4e00-\u9fff]", text)
    assert not found


def test_the_commands_of_the_sweeps_page_run_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    from sim.experiments.design import SweepFile

    page = DOCS / "sweeps.md"
    (shown,) = blocks(page, "yaml")
    kept = yaml.safe_load((ROOT / "data" / "experiments" / "commission-and-meetings.yaml").read_text(encoding="utf-8"))
    assert {**yaml.safe_load(shown), "title": kept["title"]} == kept and SweepFile.model_validate(kept)
    monkeypatch.chdir(tmp_path)
    commands_shown = [shlex.split(line)[1:] for text in blocks(page, "sh") for line in text.splitlines()]
    assert len(commands_shown) == 4
    for arguments in commands_shown:
        assert cli.main([*arguments, "--replications", "2"]) == cli.DONE, arguments
    told = capsys.readouterr().out
    assert told.count("paste into DuckDB") == 2 and "Summary: one/summary.csv" in told
    files = set(re.findall(r"^\| `([\w.]+)/?` \|", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert {path.name for path in Path("one").iterdir()} == files | {"sweep.json"}
