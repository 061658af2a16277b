"""Reading what users write: one safe YAML reader, one validator, one way to say what is wrong.

Policies, scenarios and parameters all come through here, so that every mistake ends in the same kind of sentence:
file, field, what was found, what was expected, and the nearest right thing.

The reader knows a plain subset of YAML: mappings with text keys, lists, text, numbers, true/false, dates, null. What
can surprise or harm is refused: aliases (and so "YAML bombs"), tags, duplicate keys, numbers that are not finite,
files that are empty, too large, too deep or not UTF-8. Only `true` and `false` are truth values: `no` and `on` stay text.
"""

from __future__ import annotations

import glob
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from sim.errors import InputError, nearest

MAX_BYTES = 1_000_000  # a policy has a few kilobytes; a scenario with a thousand named managers some hundred
MAX_DEPTH = 20  # the deepest field of a policy lies seven levels down
MAX_VALUES = 100_000
MAX_DIGITS = 15  # whole numbers up to this length are exact as a float
MAX_PARENTS = 16

Keys = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


# --- where files lie -------------------------------------------------------------------------------------------------


def resource_folder(name: str) -> Path:
    """The folder `policies` or `data`: inside an installed package, or beside it in the source tree."""
    for folder in _resource_roots():
        if (folder / name).is_dir():
            return folder / name
    raise FileNotFoundError(f"the installation is incomplete: it has no folder `{name}`")


def _resource_roots() -> tuple[Path, Path]:
    package = Path(__file__).resolve().parent
    return package / "_resources", package.parent


def shown(path: Path) -> str:
    """How a file is named to the user: ours as `policies/x.yaml`, wherever they are installed; theirs as they wrote it."""
    full = Path(os.path.abspath(path))
    for root in _resource_roots():
        for top in ("policies", "data"):
            if full.is_relative_to(root / top):
                return full.relative_to(root).as_posix()
    return str(path)


def library_names(folder: Path) -> list[str]:
    """The names a library knows: its YAML files without the ending, in alphabetical order."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


def find_file(given: str | Path, library: Path, kind: str) -> Path:
    """The file meant by a library name, or by a path of the user's own. kind: "policy", "scenario"; for messages."""
    if not isinstance(given, (str, os.PathLike)):
        raise InputError(kind, found=say(given), expected="a name from the library or a path to a YAML file")
    text = os.fspath(given)
    path = Path(text)
    if isinstance(given, str) and path.suffix not in (".yaml", ".yml") and path.name == text:
        return _in_library(text, library, kind)
    _refuse_unless_file(path, library, kind)
    return path


# What only one kind of file says, so that a file given in place of the other can be told; and where the library has them.
_SIGNS = {"policy": {"pay", "practices"}, "scenario": {"calendar", "branches", "parameters", "mechanisms"}}
_LIBRARIES = {"policy": ("policies",), "scenario": ("data", "scenarios")}


def _other(kind: str) -> str | None:
    return {"policy": "scenario", "scenario": "policy"}.get(kind)


def _in_library(name: str, library: Path, kind: str) -> Path:
    names = library_names(library)
    if name in names:
        return library / f"{name}.yaml"
    if (other := _other(kind)) is not None:
        top, *below = _LIBRARIES[other]
        if name in library_names(resource_folder(top).joinpath(*below)):
            raise InputError(kind, found=f"the {other} {quoted(name)}", expected=f"a {kind}", hint=nearest(name, names))
    beside = f"{name}.yaml"
    hint = f"Did you mean the file `{beside}`?" if beside in (file.name for file in Path().glob("*.yaml")) else _further_down(beside)
    hint = hint or nearest(name, names)
    raise InputError(kind, found=f"no {kind} named {quoted(name)}", expected="a name from the library or a path to a YAML file", hint=hint)


def _further_down(name: str, folder: Path = Path()) -> str:
    """A hint at files of this name in the folders directly inside."""
    try:
        inside = folder.glob(f"*/{glob.escape(name)}")
        found = sorted(path.as_posix() for path in inside if path.is_file() and not path.parent.name.startswith("."))
    except (OSError, ValueError):
        return ""
    return f"Did you mean {' or '.join(f'`{path}`' for path in found[:3])}?" if found else ""


def _refuse_unless_file(path: Path, library: Path, kind: str) -> None:
    expected = f"a YAML file with a {kind}"
    try:
        if path.is_dir():
            inside = [file.name for file in path.glob("*.y*ml")]
            raise InputError(path, found="a folder", expected=expected, hint=f"In it: {', '.join(sorted(inside)[:12])}." if inside else "")
        if not path.exists():
            beside = [file.name for file in path.parent.glob("*.yaml")]
            hint = _further_down(path.name, path.parent) or nearest(path.name, [*beside, *library_names(library)])
            raise InputError(path, found="no such file", expected=expected, hint=hint)
    except (OSError, ValueError) as error:
        raise InputError(kind, found=f"the path {quoted(str(path))} ({_reason(error)})", expected=expected) from None
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(path, found="another kind of file", expected="one ending in .yaml")


# --- text to plain data ----------------------------------------------------------------------------------------------


def read_yaml(path: Path | str) -> dict[str, Any]:
    """The mapping in a YAML file as plain data; whatever is wrong with it is one `InputError`."""
    path = Path(path)
    return parse_yaml(_text(path), shown(path))


def parse_yaml(text: str, file: str) -> dict[str, Any]:
    """The same for text already at hand; `file` names it in messages."""
    data = _Builder(text, file).document()
    if data is None:
        raise InputError(file, found="an empty file", expected="`key: value` lines")
    if not isinstance(data, dict):
        raise InputError(file, found=say(data), expected="`key: value` lines")
    return data


_SLIP = re.compile(r"[A-Za-z_]\w*(：|:(?=[^\s/]))", re.ASCII)  # `base：6000`, `cohort:veteran`; addresses (https://...) are text
_FULL_WIDTH = {"：": "`:` followed by a space", "，": "`,` followed by a space"}
_QUIET = re.compile(r"#.*|\"[^\"]*\"|'[^']*'")  # what holds no punctuation of YAML's own


def _slip(text: str) -> tuple[str, str] | None:
    """What a key and its value written as one word should have been: found, expected; None if the text is none."""
    if (match := _SLIP.match(text)) is None:
        return None
    if match[1] == "：":
        return "full-width ：", _FULL_WIDTH["："]
    key, value = text[: match.end()], text[match.end() :].split()[0]
    return f"{quoted(key + value)} as one word", f"a space after the colon (`{key} {_on_one_line(value)}`)"


def _text(path: Path) -> str:
    file = shown(path)
    try:
        if path.is_dir():
            raise InputError(file, found="a folder", expected="a YAML file")
        if path.exists() and not path.is_file():  # reading a pipe or a device could wait for ever
            raise InputError(file, found="something that is not a file", expected="a YAML file")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(file, found="no such file", expected="a YAML file") from None
    except (OSError, ValueError) as error:
        raise InputError(file, found=f"a file that cannot be read ({_reason(error)})", expected="a YAML file") from None
    if len(content) > MAX_BYTES:
        raise InputError(file, found=f"more than {MAX_BYTES:,} bytes", expected="at most that")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(file, f"line {line}", found="bytes that are not UTF-8", expected="text saved as UTF-8") from None


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_THOUSANDS = re.compile(r"[0-9]{1,3}([,，][0-9]{3})+(\.[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None,
          "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}  # fmt: skip


class _Builder:
    """Turns the parser's events into plain data, knowing at each value the keys that lead to it.

    Events come one by one and nothing is expanded, so a hostile file is refused where its harm begins.
    """

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file, self.values = text, file, 0

    def document(self) -> Any:
        parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self.parser = parser(self.text)
            try:
                return self._only_document()
            finally:
                self.parser.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            tabs = mark is not None and "\t" in "".join(self.text.splitlines()[mark.line : mark.line + 1])
            self._refuse_slips(mark.line - 1 if mark else 0, mark.line if mark else -1)
            raise self._not_yaml(where, error.problem or error.context or "", "Indent with spaces, not tabs." if tabs else "") from None
        except yaml.reader.ReaderError as error:
            raise self._not_yaml("", error.reason) from None

    def _not_yaml(self, where: str, why: str, hint: str = "") -> InputError:
        return InputError(self.file, where, found=f"text that is not YAML ({why})", expected="`key: value` lines", hint=hint)

    def _refuse_slips(self, first: int, last: int) -> None:
        """Where the parser has stumbled over punctuation that looks right, say so."""
        lines = self.text.splitlines()
        for number in range(max(0, first), min(last, len(lines) - 1) + 1):
            line = _QUIET.sub("", lines[number]).strip().removeprefix("- ")
            slip = _slip(line)
            found = next((mark for mark in _FULL_WIDTH if mark in line), None)
            if slip is None and found and not re.match(r"[\w\"'-]+: +[^{\[]", line):  # text after a key may hold what it likes
                slip = f"full-width {found}", _FULL_WIDTH[found]
            if slip is not None:
                raise InputError(self.file, f"line {number + 1}", found=slip[0], expected=slip[1])

    def _only_document(self) -> Any:
        self.parser.get_event()  # the stream begins
        if self.parser.check_event(yaml.StreamEndEvent):
            return None
        self.parser.get_event()  # the document begins
        data = self._value(self.parser.get_event(), ())
        self.parser.get_event()  # the document ends
        if not self.parser.check_event(yaml.StreamEndEvent):
            raise self._wrong(self.parser.peek_event(), (), "a second document (`---`)", "one a file")
        return data

    def _value(self, event: yaml.Event, keys: Keys) -> Any:
        self.values += 1
        if self.values > MAX_VALUES:
            raise self._wrong(event, keys[:1], f"more than {MAX_VALUES:,} values", "at most that")
        if isinstance(event, yaml.AliasEvent):
            raise self._wrong(event, keys, f"an alias (*{_on_one_line(event.anchor)})", "the value itself")
        if event.tag is not None:
            raise self._wrong(event, keys, f"a tag ({_on_one_line(event.tag)})", "a plain value")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, keys)
        if len(keys) >= MAX_DEPTH:
            raise self._wrong(event, keys[:1], f"more than {MAX_DEPTH} levels of nesting", "at most that")
        flow = bool(event.flow_style)
        return self._list(keys, flow) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(keys, flow)

    def _list(self, keys: Keys, flow: bool) -> list[Any]:
        items: list[Any] = []
        while not self.parser.check_event(yaml.SequenceEndEvent):
            event = self.parser.get_event()
            if flow and _plain(event) and "，" in event.value:
                raise self._wrong(event, (*keys, len(items)), "full-width ，", _FULL_WIDTH["，"])
            items.append(self._value(event, (*keys, len(items))))
        self.parser.get_event()
        return items

    def _mapping(self, keys: Keys, flow: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self.parser.check_event(yaml.MappingEndEvent):
            event = self.parser.get_event()
            if flow and _plain(event) and (slip := _slip(event.value)):
                raise self._wrong(event, keys, *slip)
            if flow and _plain(event) and found and re.fullmatch("[0-9]{3}", event.value) and _is_number(list(found.values())[-1]):
                key, value = list(found.items())[-1]
                whole = f"{say(value)}{event.value}, without a comma between thousands"
                raise self._wrong(event, (*keys, key), f"{say(value)},{event.value}", whole)
            key = self._value(event, keys)
            if not isinstance(key, str):
                raise self._wrong(event, keys, f"{say(key)} as a key", "text (in quotes, if it looks like a number)")
            if key in found:
                raise self._wrong(event, (*keys, key), "this key a second time", "each key once")
            found[key] = self._value(self.parser.get_event(), (*keys, key))
        self.parser.get_event()
        return found

    def _scalar(self, event: yaml.ScalarEvent, keys: Keys) -> Any:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if text in _WORDS:
            return _WORDS[text]
        if (slip := _slip(text)) and self._begins_a_line(event):
            raise self._wrong(event, keys, *slip)
        if _WHOLE.fullmatch(text):
            if len(text.lstrip("+-")) > MAX_DIGITS:
                raise self._wrong(event, keys, f"a number of {len(text)} digits", f"at most {MAX_DIGITS}")
            return int(text)
        if _NOT_FINITE.fullmatch(text):
            raise self._wrong(event, keys, text, "a finite number")
        if _DECIMAL.fullmatch(text):
            if not math.isfinite(value := float(text)):
                raise self._wrong(event, keys, f"{text}, which is too large", "a finite number")
            return value
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                raise self._wrong(event, keys, text, "a day that exists") from None
        return text

    def _begins_a_line(self, event: yaml.Event) -> bool:
        """Whether a value stands where a key would: at the start of its line, not after one."""
        line = self.text.splitlines()[event.start_mark.line : event.start_mark.line + 1]
        return bool(line) and not line[0][: event.start_mark.column].strip(" -\ufeff")

    def _wrong(self, event: yaml.Event, keys: Keys, found: str, expected: str) -> InputError:
        line = f"line {event.start_mark.line + 1}"
        return InputError(self.file, f"{dotted(keys)} ({line})" if keys else line, found=found, expected=expected)


def _plain(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and bool(event.implicit[0])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# --- "this one but" --------------------------------------------------------------------------------------------------

PROVENANCE = ("source", "assumed")
CHOICES = ("kind", "rule")


def merged(base: Mapping[str, Any], change: Mapping[str, Any], provenance: Sequence[str] = (), top: bool = True) -> dict[str, Any]:
    """`base` but for `change`: mappings merge, anything else is replaced, null removes a key that is there.

    A mapping whose `kind` or `rule` changes starts afresh, since the settings of the old kind mean nothing to the new.
    provenance: keys that speak for the values beside and beneath them; below the top level they are dropped when such
    a value changes, so that no source is quoted for a number it does not give.
    """
    kept = dict(base)
    if any(choice in change and choice in base and change[choice] != base[choice] for choice in CHOICES):
        kept = {}
    elif not top and any(key not in provenance for key in change):
        kept = {key: value for key, value in base.items() if key not in provenance or not isinstance(value, str)}
    for key, value in change.items():
        if value is None and key in base:
            kept.pop(key, None)
        elif isinstance(value, Mapping):
            old = kept.get(key)
            kept[key] = merged(old if isinstance(old, Mapping) else {}, value, provenance, top=False)
        else:  # a null that removes nothing stays, for the validator to judge: it may stand beside a misspelt key
            kept[key] = value
    return kept


def nested(base: Any, keys: Sequence[str], value: Any, file: str = "changes", place: tuple[str, ...] = ()) -> Any:
    """The change that sets the value under `keys`, as a mapping for `merged`; `#2` is the second of a list.

    base: what is changed, since a list can only be replaced as a whole. file: what to call it in messages.
    """
    if not keys:
        return value
    key, rest, here = keys[0], keys[1:], (*place, keys[0])
    if isinstance(base, (list, tuple)):
        items = list(base)
        if not re.fullmatch(r"#[1-9][0-9]{0,5}", key) or int(key[1:]) > len(items):
            raise InputError(file, ".".join(here), found=f"the place {quoted(key)}", expected=f"one of #1 to #{len(items)}")
        old = items[int(key[1:]) - 1]
        new = nested(old, rest, value, file, here)
        items[int(key[1:]) - 1] = merged(old, new) if isinstance(old, Mapping) and isinstance(new, Mapping) else new
        return items
    if base is not None and not isinstance(base, Mapping):
        raise InputError(file, ".".join(place), found=say(base), expected=f"something that holds `{key}`")
    return {key: nested((base or {}).get(key), rest, value, file, here)}


@dataclass(frozen=True)
class Inherited:
    """A file with all it extends: the merged data, and the files from the most particular to the most general."""

    data: dict[str, Any]
    chain: tuple[tuple[str, dict[str, Any]], ...]

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(file for file, _ in self.chain)

    def file_of(self, keys: Keys) -> str:
        """The file that has the last word on a field, so that a message sends the user to the right one."""
        parts = (keys[:length] for length in range(len(keys), 0, -1))
        return next((file for part in parts for file, data in self.chain if _has(data, part)), self.chain[0][0])


def _has(data: Any, keys: Keys) -> bool:
    for key in keys:
        if isinstance(data, Mapping) and key in data:
            data = data[key]
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return False
    return True


def read_inherited(path: Path, library: Path, kind: str, own: Iterable[str] = (), provenance: Sequence[str] = ()) -> Inherited:
    """A file merged over what it `extends`: a name from the library, or a file in its own folder and nowhere else.

    own: keys each file must say for itself (a title); provenance: see `merged`.
    """
    return inherited(read_yaml(path), path, library, kind, own, provenance)


def inherited(
    data: dict[str, Any], path: Path, library: Path, kind: str, own: Iterable[str] = (), provenance: Sequence[str] = ()
) -> Inherited:
    """The same for data already read, as if it stood in `path`."""
    _refuse_the_other_kind(data, path, kind)
    chain, seen = [(path, data)], {path.resolve()}
    while (parent := chain[-1][1].get("extends")) is not None:
        file = shown(chain[-1][0])
        path = _parent_file(parent, chain[-1][0], library, kind)
        if path.resolve() in seen:
            found = f"{quoted(parent)}, which extends this file in turn"
            raise InputError(file, "extends", found=found, expected=f"a {kind} that stands on its own")
        if len(chain) > MAX_PARENTS:
            raise InputError(file, "extends", found=f"more than {MAX_PARENTS} files, each extending the next", expected="at most that")
        seen.add(path.resolve())
        chain.append((path, read_yaml(path)))
    result: dict[str, Any] = {}
    for _, layer in reversed(chain):
        result = merged({key: value for key, value in result.items() if key not in (*own, "extends")}, layer, provenance)
    return Inherited(result, tuple((shown(path), layer) for path, layer in chain))


def _refuse_the_other_kind(data: Mapping[str, Any], path: Path, kind: str) -> None:
    other = _other(kind)
    if other is None or data.keys() & _SIGNS[kind]:
        return
    if signs := [key for key in data if key in _SIGNS[other]]:
        raise InputError(shown(path), found=f"a {other} (it has {' and '.join(f'`{key}`' for key in signs[:2])})", expected=f"a {kind}")


def _parent_file(parent: Any, child: Path, library: Path, kind: str) -> Path:
    file, expected = shown(child), f"a {kind} of the library, or a .yaml file in the same folder"
    if not isinstance(parent, str):
        raise InputError(file, "extends", found=say(parent), expected=expected)
    folder = child.parent.resolve()
    try:
        outside = Path(parent).name != parent or (folder / parent).resolve().parent != folder
        missing = not (folder / parent).is_file()
    except (OSError, ValueError):
        outside, missing = False, True
    if outside:
        raise InputError(file, "extends", found=f"{quoted(parent)}, which lies outside this folder", expected=expected)
    if Path(parent).suffix not in (".yaml", ".yml"):
        names = library_names(library)
        if parent not in names:
            raise InputError(file, "extends", found=f"no {kind} named {quoted(parent)}", expected=expected, hint=nearest(parent, names))
        return library / f"{parent}.yaml"
    if missing:
        beside = [path.name for path in folder.glob("*.yaml") if path.name != child.name]
        raise InputError(file, "extends", found=f"no file {quoted(parent)} beside it", expected=expected, hint=nearest(parent, beside))
    return child.parent / parent


def digest_of(content: Any) -> str:
    """16 hex digits that name this content: equal content, equal digest, whatever the order of keys."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# --- plain data to validated objects ---------------------------------------------------------------------------------


def wrong(*place: str | int, found: str, expected: str, hint: str = "") -> PydanticCustomError:
    """What a validator raises about the field `place` beneath it, to be told by `validated` in the common sentence."""
    return PydanticCustomError("input", "found {found}", {"place": place, "found": found, "expected": expected, "hint": hint})


def validated(model: type[Model], data: Mapping[str, Any], file: str | Path | Callable[[Keys], str]) -> Model:
    """The data as a `model`, or an `InputError` about the first thing that is wrong with it; its `also` holds the rest.

    file: what to call the origin of the data; or a function that names it for the keys of a field.
    """
    try:
        return model.model_validate(data)
    except ValidationError as failure:
        errors = failure.errors(include_url=False)
        mistake = _translated(model, errors, file)
        others = (_translated(model, group, file) for group in _by_place(model, errors))
        mistake.also = tuple({str(other): other for other in others if str(other) != str(mistake)}.values())
        raise mistake from None


def _by_place(model: type[BaseModel], errors: list[ErrorDetails]) -> list[list[ErrorDetails]]:
    """Errors about one value together: it has one for each form it may take, some of them further in."""
    groups: dict[Keys, list[ErrorDetails]] = {}
    for error in sorted(errors, key=lambda error: len(error["loc"])):
        keys = _trace(model, error["loc"])[0]
        home = next((known for known in groups if known and known == keys[: len(known)]), keys)
        groups.setdefault(home, []).append(error)
    return list(groups.values())


def _translated(model: type[BaseModel], errors: list[ErrorDetails], file: str | Path | Callable[[Keys], str]) -> InputError:
    error = _most_telling(model, errors)
    keys, holder, field = _trace(model, error["loc"])
    context, given = error.get("ctx", {}), error["input"]
    found, expected, hint = say(given), "", ""
    match error["type"]:
        case "input":
            keys += tuple(context["place"])
            found, expected, hint = context["found"], context["expected"], context["hint"]
        case "extra_forbidden":
            found, hint = "an unknown key", nearest(str(keys[-1]), known_keys(holder) if holder else ())
        case "missing":
            found, expected = "nothing", _wanted(field)
        case "union_tag_not_found":
            keys += (context["discriminator"].strip("'"),)
            found, expected = "nothing", "one of " + ", ".join(_choices(field.annotation) if field else ())
        case "union_tag_invalid":
            key = context["discriminator"].strip("'")
            keys += (key,)
            found, expected = say(given[key] if isinstance(given, Mapping) else context["tag"]), "a known kind"
            hint = nearest(context["tag"], _choices(field.annotation) if field else ())
        case "literal_error" | "enum":
            options = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
            expected = _described(options[0] if len(options) == 1 else "one of " + ", ".join(options), field)
            hint = nearest(given, options).split("Known here")[0] if isinstance(given, str) else ""
        case kind:
            expected = _described(_expectation(kind, context, error["msg"]), field)
            if kind in ("float_type", "int_type") and isinstance(given, str) and _THOUSANDS.fullmatch(given):
                hint = f"Write {re.sub('[,，]', '', given)}, without a comma between thousands."
    # what is missing is missing where its surroundings are
    origin = file(keys[:-1] if error["type"] == "missing" else keys) if callable(file) else str(file)
    return InputError(origin, dotted(keys), found=found, expected=expected, hint=hint.strip())


def _most_telling(model: type[BaseModel], errors: list[ErrorDetails]) -> ErrorDetails:
    """A misspelt key before the gap it leaves, else the first error.

    A value that may take several forms has an error for each: then the one that got furthest into the value.
    """
    first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
    keys, *_ = _trace(model, first["loc"])
    depths = {len(own): error for error in reversed(errors) if (own := _trace(model, error["loc"])[0])[: len(keys)] == keys}
    return first if first["type"] == "extra_forbidden" else depths[max(depths)]


_EXPECTED = {
    "bool_type": "true or false", "string_type": "text", "float_type": "a number", "int_type": "a whole number",
    "dict_type": "`key: value` lines", "model_type": "`key: value` lines", "model_attributes_type": "`key: value` lines",
    "tuple_type": "a list", "list_type": "a list", "date_type": "a date such as 2015-01-31",
    "finite_number": "a finite number", "string_too_short": "some text", "string_pattern_mismatch": "some text on one line",
}  # fmt: skip


def _expectation(kind: str, context: Mapping[str, Any], message: str) -> str:
    match kind:
        case "greater_than_equal": return f"{context['ge']:g} or more"
        case "greater_than": return f"more than {context['gt']:g}"
        case "less_than_equal": return f"{context['le']:g} or less"
        case "less_than": return f"less than {context['lt']:g}"
        case "too_short": return f"{context['min_length']} or more entries"
        case "too_long": return f"{context['max_length']} entries or fewer"
        case "string_too_long": return f"at most {context['max_length']} characters"
    return _EXPECTED.get(kind, message[:1].lower() + message[1:])  # fmt: skip


def _wanted(field: FieldInfo | None) -> str:
    """What a field left out should have held."""
    if field is not None and get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(field.annotation)))
    return field.description if field is not None and field.description else "a value"


def _described(expected: str, field: FieldInfo | None) -> str:
    return f"{expected} ({field.description})" if field is not None and field.description else expected


def known_keys(model: type[BaseModel]) -> list[str]:
    """The keys a user may write in this mapping."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _trace(model: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[Keys, type[BaseModel] | None, FieldInfo | None]:
    """The keys as the user wrote them, without pydantic's names for forms; the model around the last; its field."""
    here: Any = model
    discriminator: Any = None
    keys: list[str | int] = []
    holder, field = model, None
    for part in loc:
        forms, discriminator = _forms(here, discriminator)
        if len(forms) > 1:
            here, discriminator = _form(forms, part, discriminator), None
            continue
        here, field = forms[0], None
        keys.append(part)
        holder = here if isinstance(here, type) and issubclass(here, BaseModel) else None
        if holder is not None:
            field = next((field for name, field in holder.model_fields.items() if part in (field.alias, name)), None)
            here, discriminator = (field.annotation, field.discriminator) if field else (None, None)
        elif get_origin(here) is dict:
            here = get_args(here)[1]
        elif get_origin(here) in (tuple, list):
            members = [member for member in get_args(here) if member is not ...]
            here = members[min(part, len(members) - 1)] if isinstance(part, int) else None
        else:
            here = None
    return tuple(key for key in keys if key != "[key]"), holder, field


def _forms(annotation: Any, discriminator: Any) -> tuple[tuple[Any, ...], Any]:
    """The forms a value may take, apart from None, and the key that tells them apart, if there is one."""
    while get_origin(annotation) is Annotated:
        annotation, *notes = get_args(annotation)
        discriminator = next((note.discriminator for note in notes if isinstance(note, FieldInfo) and note.discriminator), discriminator)
    if get_origin(annotation) in (Union, UnionType):
        forms = tuple(form for form in get_args(annotation) if form is not NoneType)
        return _forms(forms[0], discriminator) if len(forms) == 1 else (forms, discriminator)
    return (annotation,), None


def _form(forms: tuple[Any, ...], label: str | int, discriminator: Any) -> Any:
    for form in forms:
        (plain, *_), _ = _forms(form, None)
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            tags = get_args(plain.model_fields[discriminator].annotation) if discriminator else (plain.__name__,)
            if label in tags:
                return plain
        elif str(label).startswith(f"{getattr(get_origin(plain), '__name__', None)}["):
            return plain
    return None


def _choices(annotation: Any) -> list[str]:
    """The values of `kind` among which a discriminated mapping chooses."""
    forms, _ = _forms(annotation, None)
    fields = [field for form in forms for name, field in form.model_fields.items() if name in CHOICES]
    return [value for field in fields if get_origin(field.annotation) is Literal for value in get_args(field.annotation)]


def dotted(keys: Iterable[str | int]) -> str:
    """`pay.commission.schedule.tiers.#2.from`: places in a list are counted from 1."""
    return ".".join(f"#{key + 1}" if isinstance(key, int) else _on_one_line(key) for key in keys)


def _on_one_line(key: str) -> str:
    return key if key.isprintable() and 0 < len(key) <= 60 else quoted(key)


def say(value: Any) -> str:
    """A value as the user would recognise it, short."""
    match value:
        case None: return "nothing"
        case bool(): return "true" if value else "false"
        case int() | float(): return f"{value:.15g}"
        case date(): return value.isoformat()
        case "": return "an empty text"
        case str(): return f"the text {quoted(value)}"
        case Mapping() if value:
            return f"a mapping ({', '.join(_on_one_line(str(key)) for key in list(value)[:4])}{', ...' if len(value) > 4 else ''})"
        case Mapping(): return "an empty mapping"
        case list() | tuple(): return f"a list of {len(value)}" if value else "an empty list"
    return f"a value of type {type(value).__name__}"  # fmt: skip


def quoted(text: str) -> str:
    """Text in quotes, on one line whatever is in it, cut if long."""
    return json.dumps(text if len(text) <= 60 else text[:57] + "...", ensure_ascii=not text.isprintable())
