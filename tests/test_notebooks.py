"""Notebooks: stored clean and paired, executed whole or not at all, and never twice for nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
import pytest
from caches import own_cache

import sim
import sim.app.notebooks as notebooks
from sim.app.notebooks import (
    NotebookError,
    Task,
    check_parameters,
    is_current,
    is_untouched_copy,
    list_notebooks,
    notebook_file,
    parameters_of,
    run_notebook,
    run_notebooks,
    write_copy,
)
from sim.app.results import broken, plain, results_of, write_results
from sim.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("add_a_rule", "backtest", "changzhou", "compare", "explore", "policy_run", "replace_a_rule")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with own_cache(tmp_path_factory.mktemp("cache")) as folder:
        yield folder


def errors(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [output.ename for cell in cells for output in cell.get("outputs", ()) if output.output_type == "error"]


def made_here(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, *cells: str) -> None:
    """A library of one notebook, of these cells after one with the parameters `number` and `results`."""
    first = nbformat.v4.new_code_cell('number = 1\nresults = "results.json"', metadata={"tags": ["parameters"]})
    (folder / "library").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[first, *map(nbformat.v4.new_code_cell, cells)]), folder / "library" / f"{name}.ipynb")
    monkeypatch.setattr(notebooks, "resource_folder", lambda _: folder / "library")


# As they are stored


def test_these_notebooks_are_in_the_library():
    assert tuple(list_notebooks()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_and_its_script_say_the_same(name: str):
    stored, script = nbformat.read(notebook_file(name), as_version=4), jupytext.read(notebook_file(name).with_suffix(".py"))
    assert [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in stored.cells] == [
        (cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in script.cells
    ], f"run `jupytext --sync notebooks/{name}.py`"
    assert stored.metadata["jupytext"]["formats"] == "ipynb,py:percent"


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_stored_without_outputs_and_with_plain_parameters(name: str):
    notebook = nbformat.read(notebook_file(name), as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert notebook.metadata.kernelspec.name == "python3"
    assert code[0].metadata.tags == ["parameters"]
    assert all(type(value) in (bool, int, float, str) for value in parameters_of(name).values())
    assert all(len(cell.source.splitlines()) <= 16 for cell in code), "a cell is for calling the package, logic belongs there"


# As they are executed


@pytest.mark.parametrize(("name", "lang"), [*((name, "en") for name in NAMES), ("compare", "zh"), ("changzhou", "zh"), ("backtest", "zh")])
def test_a_notebook_runs_and_leaves_its_results(name: str, lang: str, tmp_path: Path):
    out = run_notebook(name, tmp_path / "out.ipynb", {"fast": True, "lang": lang})
    assert not errors(out)
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert "provenance" in results
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.ipynb", "results.json"]
    text = out.read_text(encoding="utf-8")
    assert str(tmp_path) not in text and str(ROOT) not in text and str(Path.home() / ".") not in text


def test_runs_agree_between_notebooks_and_the_package(tmp_path: Path):
    run_notebook("policy_run", tmp_path / "run.ipynb", {"policy": "fixed-pay", "replications": 6, "seed": 3})
    table = {row["measure"]: row["mean"] for row in json.loads((tmp_path / "results.json").read_text())["table"]}
    expected = sim.simulate(sim.load_scenario("changzhou-2015"), sim.load_policy("fixed-pay"), replications=6, seed=3).summary()
    assert table == dict(zip(expected["measure"], expected["mean"], strict=True))


def test_executed_twice_a_notebook_is_the_same_to_the_last_byte(tmp_path: Path):
    once, again = (run_notebook("policy_run", tmp_path / folder / "run.ipynb", {"fast": True, "store": ""}) for folder in ("once", "again"))
    assert once.read_bytes() == again.read_bytes()
    assert once.with_name("results.json").read_bytes() == again.with_name("results.json").read_bytes()


def test_a_notebook_runs_in_this_python_and_in_the_folder_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    said = "import json, os, sys, sim; json.dump([sys.executable, os.getcwd(), sim.__file__, number], open(results, 'w'))"
    made_here(tmp_path, monkeypatch, "where", said)
    (tmp_path / "work").mkdir()
    run_notebook("where", tmp_path / "deep" / "{braces}" / "out.ipynb", {"number": 7}, cwd=tmp_path / "work")
    assert json.loads((tmp_path / "work" / "results.json").read_text()) == [sys.executable, str(tmp_path / "work"), sim.__file__, 7]
    assert (tmp_path / "deep" / "{braces}" / "out.ipynb").is_file()


# What is refused


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"polcy": "fixed-pay"}, "Did you mean `policy`?"), ({"replications": "ten"}, "expected a whole number"),
        ({"replications": 10.0}, "expected a whole number"), ({"fast": 1}, "expected true or false"), ({"lang": 3}, "expected text"),
    ],
    ids=str,
)  # fmt: skip
def test_a_parameter_it_does_not_have_is_refused_before_anything_is_done(given: dict, told: str, tmp_path: Path):
    with pytest.raises(InputError, match="policy_run.ipynb") as refused:
        run_notebook("policy_run", tmp_path / "out" / "out.ipynb", given)
    assert told in str(refused.value)
    assert not any(tmp_path.iterdir())


def test_a_whole_number_may_stand_for_a_real_one():
    assert check_parameters("compare", {"confidence": 0}) == {"confidence": 0}


def test_an_unknown_notebook_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="Did you mean `compare`"):
        run_notebook("compaer", "out.ipynb")


# Nothing twice, nothing by halves


def test_what_is_up_to_date_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made_here(tmp_path, monkeypatch, "counted", "open('count', 'a').write('x'); open(results, 'w').write(open('input').read())")
    (tmp_path / "input").write_text("a")

    def runs(**parameters: int) -> int:
        run_notebook("counted", tmp_path / "out.ipynb", parameters, inputs=[tmp_path / "input"])
        return len((tmp_path / "count").read_text())

    assert [runs(), runs()] == [1, 1]
    assert [runs(number=2), runs(number=2), runs()] == [2, 2, 3]
    (tmp_path / "input").write_text("b")
    assert [runs(), runs()] == [4, 4]
    (tmp_path / "results.json").unlink()
    assert [runs(), runs()] == [5, 5]
    monkeypatch.setattr(notebooks, "installation_digest", lambda: "other code")
    assert [runs(), runs()] == [6, 6]


def test_a_failure_keeps_what_there_is_under_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made_here(tmp_path, monkeypatch, "fails", "print('so far so good')", "assert number == 1, 'number is not 1'", "print('never reached')")
    with pytest.raises(NotebookError, match="AssertionError: number is not 1") as failure:
        run_notebook("fails", tmp_path / "out.ipynb", {"number": 2, "results": ""})
    assert failure.value.failed == tmp_path / "out.failed.ipynb"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "out.failed.ipynb"]
    text = failure.value.failed.read_text()
    assert "so far so good" in text and '"never reached\\n"' not in text
    run_notebook("fails", tmp_path / "out.ipynb", {"results": ""})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "out.ipynb"]


def test_a_kernel_that_dies_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made_here(tmp_path, monkeypatch, "dies", "import os; os._exit(1)")
    with pytest.raises(NotebookError, match="dies.ipynb"):
        run_notebook("dies", tmp_path / "out.ipynb", {"results": ""})
    assert [path.name for path in tmp_path.iterdir()] == ["library"]


def test_one_failure_ends_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second notebook waits for ever; only its being ended lets this test end."""
    made_here(tmp_path, monkeypatch, "waits", "import threading\nassert number == 2\nopen(results, 'w').close()\nthreading.Event().wait()")
    tasks = [Task("waits", tmp_path / f"{number}.ipynb", {"number": number, "results": f"{number}"}) for number in (1, 2)]
    with pytest.raises(NotebookError):
        run_notebooks(tasks, at_once=2)
    assert not is_current(tasks[1]) and not tasks[1].out.exists()


def test_a_copy_for_the_user_has_other_defaults_and_nothing_else(tmp_path: Path):
    write_copy("explore", tmp_path / "mine.ipynb", {"lang": "zh", "scenario": "it's \"mine\".yaml"})
    mine, stored = nbformat.read(tmp_path / "mine.ipynb", as_version=4), nbformat.read(notebook_file("explore"), as_version=4)
    nbformat.validate(mine)
    differ = [(a.source, b.source) for a, b in zip(mine.cells, stored.cells, strict=True) if a.source != b.source]
    assert len(differ) == 1
    found: dict = {}
    exec(differ[0][0], found)
    assert {key: found[key] for key in parameters_of("explore")} == {**parameters_of("explore"), "lang": "zh", "scenario": "it's \"mine\".yaml"}


# What a notebook asserts before it writes


def test_broken_results_are_noticed(changzhou, fact_policy):
    run = sim.simulate(changzhou, fact_policy, replications=3)
    assert broken(run) == []

    def spoilt(change) -> list[str]:
        frame = run.frame.copy()
        change(frame)
        return broken(sim.Runs(run.scenario, run.policy, run.seed, run.replications, frame, run.provenance))

    def put(measure: str, value: float, level: str = "branch"):
        def change(frame) -> None:
            rows = frame.index[(frame["measure"] == measure) & (frame["level"] == level) & (frame["period"] == "total")]
            frame.loc[rows[0], "value"] = value
        return change

    assert "a value is not a finite number" in spoilt(put("accounts", float("nan")))
    assert "pay is below 0" in spoilt(put("pay", -1.0))
    assert any("lies outside 0 to 1" in text for text in spoilt(put("skill", 1.5)))
    assert any("do not add up" in text for text in spoilt(put("accounts", 1e6)))
    assert "a result is there twice" in spoilt(lambda frame: frame.__setitem__("replication", frame["replication"].replace(1, 0)))
    assert "replications are missing" in spoilt(lambda frame: frame.__setitem__("replication", frame["replication"].replace(1, 0)))


def test_results_hold_nothing_json_does_not_know(tmp_path: Path):
    policies = [sim.load_policy(name) for name in ("fixed-pay", "fixed-solo-daily")]
    comparison = sim.compare(sim.load_scenario("changzhou-2015"), policies, replications=3)
    assert broken(comparison) == []
    write_results(results_of(comparison, more=Path("x")), tmp_path / "results.json")
    read = json.loads((tmp_path / "results.json").read_text(), parse_constant=lambda word: pytest.fail(word))
    assert read["more"] == "x" and read["table"][0]["baseline"] == "fixed-pay"
    assert plain({"a": (float("inf"), 1, True, None)}) == {"a": [None, 1, True, None]}
    assert os.listdir(tmp_path) == ["results.json"]


# The user's copy


def test_a_copy_never_edited_follows_the_options_and_an_edited_one_is_kept(tmp_path: Path, monkeypatch, capsys):
    from sim.app.lab import prepare

    monkeypatch.chdir(tmp_path)
    copy = Path("explore.ipynb")
    prepare(copy, "branch", "zh")
    saved = nbformat.read(copy, as_version=4)
    saved.cells[1].outputs.append(nbformat.v4.new_output("stream", text="seen"))
    nbformat.write(saved, copy)
    assert is_untouched_copy("explore", copy)
    prepare(copy, "changzhou-2016", "en")
    assert "scenario = 'changzhou-2016'" in copy.read_text(encoding="utf-8") and not capsys.readouterr().out
    edited = nbformat.read(copy, as_version=4)
    edited.cells[1].source += "\n# mine"
    nbformat.write(edited, copy)
    before = copy.read_bytes()
    prepare(copy, "branch", "en")
    assert copy.read_bytes() == before
    assert "scenario branch, language en) are not used" in capsys.readouterr().out
    for other in ("", "{}", "[]"):
        copy.write_text(other, encoding="utf-8")
        assert not is_untouched_copy("explore", copy)


def test_the_explorer_opens_on_a_first_move(tmp_path: Path):
    run_notebook("explore", tmp_path / "out.ipynb", {"fast": True})
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert results["levers"]["commission"] == 600
    assert any(row["difference"] for row in results["table"])


def test_the_tables_of_the_case_leave_no_blanks_and_count_in_whole_numbers(tmp_path: Path):
    from sim.app import changzhou

    run = sim.simulate(sim.load_scenario("changzhou-2015"), sim.load_policy("changzhou-2015"), replications=8)
    for lang in ("en", "zh"):
        assert not (changzhou.counts_table(lang) == "").any(axis=None)
        table = changzhou.beside_table(run, lang)
        assert not (table.iloc[:, :3] == "").any(axis=None)
        assert not table.iloc[:, 2].str.contains(".", regex=False).any()


def test_one_at_a_time_can_be_shown_without_what_dwarfs_the_rest():
    from sim.app import changzhou

    before, after = (sim.load_policy(f"changzhou-{year}") for year in (2015, 2016))
    policies = changzhou.one_at_a_time(before, after)
    result = changzhou.without(sim.compare(sim.load_scenario("changzhou-2015"), policies, replications=2), "leads", "all")
    assert [run.policy.name.rpartition("+")[2] for run in result.runs] == ["changzhou-2015", "reporting", "mentor_pairing", "norm"]
