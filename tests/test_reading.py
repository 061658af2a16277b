"""The reader of users' files: plain YAML in, plain data out, and one sentence for anything else."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from sim import reading
from sim.errors import InputError
from sim.reading import digest_of, dotted, merged, nested, parse_yaml, read_yaml, resource_folder, say, validated


@pytest.fixture(params=["fast", "plain"], autouse=True)
def parser(request, monkeypatch):
    """Everything here holds with the compiled parser and, where that is not installed, with the one in Python."""
    if request.param == "plain":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)


def refusal(text: str) -> str:
    with pytest.raises(InputError) as refused:
        parse_yaml(text, "mine.yaml")
    return str(refused.value)


def refused_file(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        read_yaml(path)
    return str(refused.value)


# --- plain values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("3", 3), ("-3", -3), ("+3", 3), ("0", 0), ("0.45", 0.45), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015),
        ("true", True), ("False", False), ("~", None), ("null", None), ("", None), ("2015-01-31", date(2015, 1, 31)),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("N", "N"), ("7:30", "7:30"), ("010", "010"), ("0x1F", "0x1F"), ("1_000", "1_000"),
        ("2015-01", "2015-01"), ("2015-W03", "2015-W03"), ("1.2.3", "1.2.3"), ("nan", "nan"), ("e5", "e5"), ("-", None), ("<<", "<<"),
        ('"3"', "3"), ("'true'", "true"), ("常州", "常州"), ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)  # fmt: skip
def test_a_plain_value_is_what_it_looks_like(written, meant):
    if written == "-":
        assert parse_yaml("a:\n  -", "mine.yaml") == {"a": [None]}
        return
    found = parse_yaml(f"a: {written}", "mine.yaml")["a"]
    assert found == meant and type(found) is type(meant)


def test_nested_lists_and_mappings_in_either_notation():
    assert parse_yaml("a:\n  - {b: [1, 2]}\n  - c:\n      d: x\n", "mine.yaml") == {"a": [{"b": [1, 2]}, {"c": {"d": "x"}}]}


@given(st.recursive(st.booleans() | st.integers(-(10**14), 10**14) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20))  # fmt: skip
def test_what_json_writes_is_read_back(data):
    # JSON is YAML, apart from escapes for characters beyond the basic plane and control characters
    text = json.dumps({"a": data})
    if "\\u" not in text and "\\x" not in text:
        assert parse_yaml(text, "mine.yaml") == {"a": data}


@given(st.text() | st.text(alphabet="{}[]:,-&*!|>'\"%@` #?ab1.\n\t"))
def test_any_text_is_either_read_or_refused_in_a_sentence(text):
    try:
        assert isinstance(parse_yaml(text, "mine.yaml"), dict)
    except InputError as refused:
        assert str(refused).startswith("mine.yaml: ") and str(refused).endswith(".")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   \n", "# only a remark\n", "---\n", "null\n"])
def test_an_empty_file(text):
    assert refusal(text) == "mine.yaml: found an empty file; expected `key: value` lines."


def test_a_list_or_a_word_instead_of_keys_and_values():
    assert refusal("- a\n- b\n") == "mine.yaml: found a list of 2; expected `key: value` lines."
    assert refusal("word") == 'mine.yaml: found the text "word"; expected `key: value` lines.'


def test_a_key_given_twice():
    assert refusal("a: 1\nb:\n  c: 1\n  c: 2\n") == "mine.yaml: b.c (line 4): found this key a second time; expected each key once."


def test_a_key_that_is_no_text():
    assert refusal("b: {3: x}") == "mine.yaml: b (line 1): found 3 as a key; expected text (in quotes, if it looks like a number)."
    assert "as a key" in refusal("? [a, b]\n: x\n")
    assert "as a key" in refusal("? {a: b}\n: x\n")


@pytest.mark.parametrize("number", [".nan", ".NaN", ".inf", "-.Inf", "+.INF"])
def test_a_number_that_is_not_finite(number):
    assert refusal(f"a: {{b: {number}}}") == f"mine.yaml: a.b (line 1): found {number}; expected a finite number."


def test_a_number_too_large_to_be_kept_exactly():
    assert refusal("a: 1e999") == "mine.yaml: a (line 1): found 1e999, which is too large; expected a finite number."
    assert refusal("a: 1234567890123456") == "mine.yaml: a (line 1): found a number of 16 digits; expected at most 15."
    assert "digits" in refusal("a: " + "9" * 10_000)


def test_a_day_that_does_not_exist():
    assert refusal("a: 2015-02-29") == "mine.yaml: a (line 1): found 2015-02-29; expected a day that exists."


def test_a_bomb_of_aliases_is_refused_at_its_first_alias():
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    assert refusal("a0: &a0 [x]\n" + levels) == "mine.yaml: a1.#1 (line 2): found an alias (*a0); expected the value itself."
    assert "alias" in refusal("a: &a [*a]")
    assert "alias" in refusal("a: &a {b: 1}\nc:\n  <<: *a\n")


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [x]", "!!str 3", "!mine {a: 1}", "! x", "!!set {a}", "!!binary aGk="])
def test_a_tag_is_refused(tag):
    assert refusal(f"a: {tag}").startswith("mine.yaml: a (line 1): found a tag (")


def test_endless_nesting_and_endless_lists():
    assert refusal("a: " + "[" * 100_000) == "mine.yaml: a (line 1): found more than 20 levels of nesting; expected at most that."
    assert refusal("a: " + "{b: " * 50_000).startswith("mine.yaml: a (line 1): found more than 20 levels")


def test_too_many_values(monkeypatch):
    monkeypatch.setattr(reading, "MAX_VALUES", 100)
    assert refusal("a: [" + "1, " * 200 + "1]") == "mine.yaml: a (line 1): found more than 100 values; expected at most that."


def test_two_documents_in_one_file():
    assert refusal("a: 1\n---\nb: 2\n") == "mine.yaml: line 2: found a second document (`---`); expected one a file."


def test_text_that_is_not_yaml_is_placed_by_line_and_column():
    assert refusal("a: 1\nb: [1, 2\n").startswith("mine.yaml: line 3, column 1: found text that is not YAML (")
    assert refusal("a:\n\tb: 1\n").endswith("expected `key: value` lines. Indent with spaces, not tabs.")
    assert "found text that is not YAML (" in refusal("a: \x01")
    assert "found text that is not YAML (" in refusal("%YAML 9.9\n---\na: 1\n")


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": 1}


def test_lines_may_end_as_on_windows(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"a:\r\n  b: 1\r\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": {"b": 1}}


def test_another_encoding_is_refused_with_the_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\ntitle: " + "常州".encode("gbk"))
    assert refused_file(path) == f"{path}: line 2: found bytes that are not UTF-8; expected text saved as UTF-8."
    path.write_text("a: 1", encoding="utf-16")
    assert "found bytes that are not UTF-8" in refused_file(path)


def test_a_file_too_large_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\n#" + b"x" * reading.MAX_BYTES)
    assert refused_file(path) == f"{path}: found more than 1,000,000 bytes; expected at most that."


def test_a_missing_file_a_folder_and_what_is_no_file_at_all(tmp_path):
    assert refused_file(tmp_path / "a.yaml") == f"{tmp_path}/a.yaml: found no such file; expected a YAML file."
    assert refused_file(tmp_path) == f"{tmp_path}: found a folder; expected a YAML file."
    os.mkfifo(tmp_path / "pipe.yaml")
    assert refused_file(tmp_path / "pipe.yaml") == f"{tmp_path}/pipe.yaml: found something that is not a file; expected a YAML file."


def test_a_file_one_may_not_read(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert refused_file(path) == f"{path}: found a file that cannot be read (permission denied); expected a YAML file."


def test_our_own_files_are_named_the_same_wherever_they_are_installed(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "sim"
    (package / "_resources" / "policies").mkdir(parents=True)
    monkeypatch.setattr(reading, "__file__", str(package / "reading.py"))
    assert resource_folder("policies") == package / "_resources" / "policies"
    assert reading.shown(package / "_resources" / "policies" / "a.yaml") == "policies/a.yaml"
    with pytest.raises(FileNotFoundError, match="no folder `data`"):
        resource_folder("data")


def test_in_the_source_tree_resources_lie_beside_the_package():
    assert resource_folder("policies") == Path(reading.__file__).parents[1] / "policies"


# --- merging ----------------------------------------------------------------------------------------------------------

plain = st.recursive(st.integers() | st.text(max_size=3), lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), max_leaves=8)
mappings = st.dictionaries(st.sampled_from("abcd"), plain, max_size=4)


@given(mappings)
def test_nothing_changed_is_nothing_changed(base):
    assert merged(base, {}) == base == merged({}, base) == merged(base, base)


@given(mappings, mappings)
def test_a_change_made_twice_is_a_change_made_once(base, change):
    once = merged(base, change)
    assert merged(once, change) == once


def test_null_takes_away_and_a_new_kind_starts_afresh():
    base = {"a": {"kind": "x", "b": 1, "source": "s"}, "c": [1, 2]}
    assert merged(base, {"a": None, "c": [3]}) == {"c": [3]}
    assert merged(base, {"a": {"kind": "y", "d": 2}}) == {"a": {"kind": "y", "d": 2}, "c": [1, 2]}
    assert merged(base, {"a": {"kind": "y", "b": None}}) == {"a": {"kind": "y"}, "c": [1, 2]}
    assert merged(base, {"e": None}) == {**base, "e": None}, "for the validator to judge"


def test_a_source_does_not_outlive_the_values_it_speaks_for():
    base = {"source": "top", "a": {"b": 1, "source": "s", "deep": {"c": 1}}}
    assert merged(base, {"a": {"deep": {"c": 2}}}, ("source",)) == {"source": "top", "a": {"b": 1, "deep": {"c": 2}}}
    assert merged(base, {"a": {"source": "t"}}, ("source",))["a"] == {"b": 1, "source": "t", "deep": {"c": 1}}


def test_a_dotted_key_becomes_a_change():
    assert nested({}, ["a", "b"], 1) == {"a": {"b": 1}}
    assert nested({"a": [{"b": 1, "c": 2}, 5]}, ["a", "#1", "b"], 3) == {"a": [{"b": 3, "c": 2}, 5]}


# --- validation -------------------------------------------------------------------------------------------------------


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: float = Field(strict=True, description="a level")


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mode: Literal["one", "two"] = "one"
    level: float | Inner | None = None
    levels: dict[str, float | Inner] = {}
    first: int = Field(0, alias="from")


def fault(data: dict) -> str:
    with pytest.raises(InputError) as refused:
        validated(Outer, data, "mine.yaml")
    return str(refused.value)


def test_a_value_that_may_take_two_forms_is_judged_by_the_one_it_resembles():
    assert fault({"level": {"vale": 3}}) == "mine.yaml: level.vale: found an unknown key. Did you mean `value`? Known here: value."
    assert fault({"levels": {"a": {}}}) == "mine.yaml: levels.a.value: found nothing; expected a level."
    assert fault({"levels": {"a": [1]}}) == "mine.yaml: levels.a: found a list of 1; expected a number."


def test_an_alias_is_the_key_the_user_knows():
    assert fault({"form": 3}) == "mine.yaml: form: found an unknown key. Did you mean `from`? Known here: from, level, levels, mode."


def test_the_origin_may_depend_on_the_field():
    with pytest.raises(InputError, match="^file of levels.a: levels.a: found"):
        validated(Outer, {"levels": {"a": "x"}}, lambda keys: f"file of {dotted(keys)}")


def test_places_in_a_list_are_counted_from_one():
    assert dotted(("pay", "tiers", 1, "from")) == "pay.tiers.#2.from"


def test_values_are_said_shortly():
    assert [say(value) for value in (None, True, 3, 2.5, "", [], [1], {}, {"a": 1}, date(2015, 1, 2), object())] == [
        "nothing", "true", "3", "2.5", "an empty text", "an empty list", "a list of 1", "an empty mapping", "a mapping (a)", "2015-01-02", "a value of type object",
    ]  # fmt: skip
    assert len(say("x" * 1000)) < 80
    assert say("two\nlines\u2028\ud800").isprintable()


@given(st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False, allow_infinity=False)))
def test_a_digest_does_not_depend_on_the_order_of_keys(data):
    assert digest_of(data) == digest_of(dict(reversed(data.items())))
    assert len(digest_of(data)) == 16


# --- punctuation that looks right -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb：2\nc: 3\n", "line 2: found full-width ：; expected `:` followed by a space."),
        ("base：6000", "line 1: found full-width ："), ("pay:\n  base：6000\n", "pay (line 2): found full-width ："),
        ("pay:\n  base：\n    label: x\n", "(line 2): found full-width ："), ("title: {en：a, zh：b}", "title (line 1): found full-width ："),
        ("title: {en: a， zh: b}", "line 1: found full-width ，; expected `,` followed by a space."),
        ("channels: [street， network]", "channels.#1 (line 1): found full-width ，"),
        ("A:\n  cohort:veteran\n", 'A (line 2): found "cohort:veteran" as one word; expected a space after the colon (`cohort: veteran`).'),
        ("A:\n  cohort:veteran\n  customers: 3\n", '(line 2): found "cohort:veteran" as one word'),
        ("A: {cohort:veteran, customers: 3}", "expected a space after the colon (`cohort: veteran`)"),
        ("A: {customers: 8,500}", "A.customers (line 1): found 8,500; expected 8500, without a comma between thousands."),
    ],
)  # fmt: skip
def test_punctuation_that_looks_right_is_named_with_its_line(text, told):
    assert told in refusal(text)


@pytest.mark.parametrize("text", ["方案：固定，周报", "Plan：b", "https://example.org/a", "12:30", '"base：6000"', "\n  https://example.org", "\n  方案：一"])
def test_texts_may_hold_any_punctuation(text):
    assert parse_yaml(f"a: {text}", "mine.yaml")["a"] == text.strip().strip('"')


def test_a_comma_between_thousands_is_told():
    class Team(BaseModel):
        customers: float = Field(strict=True)

    with pytest.raises(InputError, match="Write 8000, without a comma between thousands"):
        validated(Team, {"customers": "8,000"}, "mine.yaml")
