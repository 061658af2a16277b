"""The environment is one thing said in four files, holds on every system we name, and leads to no machine of ours."""

from __future__ import annotations

import ast
import importlib.metadata as metadata
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
}
RESOURCES = ("policies", "data", "notebooks")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def parsed(lines: list[str]) -> dict[str, Requirement]:
    """Requirements by canonical name; a name said twice is a mistake."""
    requirements = [Requirement(line) for line in lines]
    names = [canonicalize_name(each.name) for each in requirements]
    assert len(set(names)) == len(names)
    return dict(zip(names, requirements, strict=True))


def lock_entries() -> list[str]:
    """The lock's logical lines: one package each, with its hashes."""
    lines = [line for line in text("requirements.lock").splitlines() if not line.lstrip().startswith("#")]
    return [line.strip() for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def locked() -> dict[str, Requirement]:
    return parsed([entry.partition("--hash")[0].strip() for entry in lock_entries()])


def version_of(pin: Requirement) -> str:
    found = re.fullmatch(r"==([^*,]+)", str(pin.specifier))
    assert found is not None, f"{pin} is not a pin"
    return found.group(1)


def asked() -> dict[str, Requirement]:
    """What pyproject.toml, its extras included, and requirements.in ask for."""
    extra = [line for line in text("requirements.in").splitlines() if line and not line.startswith("#")]
    return parsed([*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), []), *extra])


def conda() -> tuple[list[str], dict[str, Requirement]]:
    """environment.yml: what conda installs, and what pip does."""
    listed = yaml.safe_load(text("environment.yml"))["dependencies"]
    return [each for each in listed if isinstance(each, str)], parsed(listed[-1]["pip"])


def environment(system: str, python: str) -> dict[str, str]:
    return {**default_environment(), **SYSTEMS[system], "python_version": python, "python_full_version": f"{python}.0"}


def applies(requirement: Requirement, where: dict[str, str], extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**where, "extra": extra})


def installed(name: str, pin: Requirement) -> metadata.Distribution | None:
    """What this environment knows of a locked package, if it has that very version."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    return found if found.version == version_of(pin) else None


def project_files() -> list[Path]:
    """Files that are, or are about to be, in the repository."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git repository, so which files are the project's is not known")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def project_texts() -> list[tuple[str, str]]:
    found = []
    for path in project_files():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


# Lock, pyproject.toml and environment.yml


def test_every_locked_package_is_pinned_and_hashed_and_nothing_else_is_in_the_lock():
    for entry in lock_entries():
        requirement, *hashes = re.split(r"\s+--hash=", entry)
        assert not requirement.startswith("-"), f"an option in the lock: {requirement}"
        assert Requirement(requirement).url is None and version_of(Requirement(requirement))
        assert hashes, f"no hash: {requirement}"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


def test_what_is_asked_for_is_locked_in_a_version_that_satisfies_the_bound():
    pins = locked()
    for name, requirement in asked().items():
        assert name in pins, f"{name} is asked for and not locked: run .ci/lock"
        assert requirement.specifier.contains(version_of(pins[name])), f"{pins[name]} against {requirement}"
        for system, python in itertools.product(SYSTEMS, PYTHONS):
            where = environment(system, python)
            assert applies(pins[name], where) or not applies(requirement, where), f"{name}, {system}, {python}"


def test_each_direct_dependency_has_a_lower_bound():
    for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]:
        assert any(each.operator == ">=" for each in Requirement(line).specifier), line


def licences() -> dict[str, str]:
    """The licence of each package in the table of docs/install.md."""
    rows = re.findall(r"^\| ([a-z][^|*]+) \| ([^|]+) \| [^|]+ \|$", text("docs/install.md").partition("## Licences")[2], re.MULTILINE)
    return {canonicalize_name(name): licence for names, licence in rows for name in names.split(", ") if name != "package"}


def test_the_table_of_licences_names_each_direct_dependency_and_what_sim_tools_brings():
    brought = parsed(metadata.requires("sim-tools") or [])
    assert set(licences()) == set(asked()) | set(brought)


def test_licences_are_those_that_the_packages_state():
    for name, licence in licences().items():
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:                # of another system
            continue
        stated = " ".join([*(about.get_all("License-Expression") or about.get_all("License") or []), *(about.get_all("Classifier") or [])])
        for each in licence.split(" AND "):
            family = {"PSF": "Python Software Foundation"}.get(each.split("-")[0], each.split("-")[0])
            assert re.search(rf"\b{family}\b", stated), f"{name}: {licence}"


def test_conda_users_get_the_versions_of_the_lock():
    _, pins = conda()
    assert {name: str(pin) for name, pin in pins.items()} == {name: str(pin) for name, pin in locked().items()}


def test_conda_itself_brings_only_python_and_pip():
    brought, _ = conda()
    python, *rest = brought
    assert rest == ["pip"]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python=") + ".0")


def test_the_build_back_end_is_in_the_lock_since_the_package_is_built_without_isolation():
    build = tomllib.loads(text("pyproject.toml"))["build-system"]["requires"]
    pins = locked()
    for name, requirement in parsed(build).items():
        assert requirement.specifier.contains(version_of(pins[name])), f"{pins[name]} against {requirement}"


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_holds_all_that_its_packages_need(system: str, python: str):
    """Followed through the metadata of what is installed here, extras included, as on that system."""
    pins, where = locked(), environment(system, python)
    todo = [(name, extra) for name, each in asked().items() if applies(each, where) for extra in ("", *each.extras)]
    seen: set[tuple[str, str]] = set()
    missing = []
    while todo:
        name, extra = todo.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        known = installed(name, pins[name])
        for need in map(Requirement, (known.requires or []) if known else []):
            if not applies(need, where, extra):
                continue
            needed = canonicalize_name(need.name)
            pin = pins.get(needed)
            if pin is None or not applies(pin, where) or not need.specifier.contains(version_of(pin), prereleases=True):
                missing.append(f"{name} needs {need}; locked: {pin}")
            else:
                todo += [(needed, each) for each in ("", *need.extras)]
    assert not missing


def test_every_locked_package_accepts_the_first_release_of_each_python():
    """Long-lived Linux distributions ship early patch releases, such as 3.11.2."""
    known = [found for name, pin in locked().items() if (found := installed(name, pin))]
    refused = [
        f"{each.metadata['Name']} {each.version} on {python}.0"
        for each, python in itertools.product(known, PYTHONS)
        if not SpecifierSet(each.metadata.get("Requires-Python") or "").contains(f"{python}.0")
    ]
    assert not refused


# What the files must not say


def test_no_file_names_a_registry_host():
    """Where packages come from is the machine's affair, so that a bank's mirror is used."""
    # Put together here, so that this file does not name one either.
    halves = "py|pi python|hosted ana|conda conda|-forge npm|js jsde|livr unp|kg"
    words = "|".join(half.replace("|", "") for half in halves.split())
    named = rf"\b[\w.-]*(?:{words})[\w-]*(?:\.[a-z]{{2,}})+\b"
    mirror = r"\b[\w-]+(?:\.[\w-]+)+/(?:[\w-]+/)*simple\b"
    host = re.compile(f"{named}|{mirror}", re.IGNORECASE)
    found = [f"{name}: {match.group()}" for name, content in project_texts() for match in host.finditer(content)]
    assert not found


def test_no_file_sets_an_index_for_pip():
    option = re.compile(r"--(?:extra-)?index-url[ =]\S*[:/]|--trusted-host[ =]\w|find-links[ =]\S*[:/]")
    found = [f"{name}: {match.group()}" for name, content in project_texts() for match in option.finditer(content)]
    assert not found


def test_no_file_names_a_folder_of_this_machine():
    folders = [path for path in (ROOT, Path.home()) if len(path.parts) > 1]
    # A longer path may well hold the same words: that of a folder below another one is not ours.
    places = re.compile(rf"(?<![\w.~}}])(?:{'|'.join(re.escape(str(path)) for path in folders)})(?![\w-])")
    found = [f"{name}: {match.group()}" for name, content in project_texts() for match in places.finditer(content)]
    assert not found


# What make and the automated check do


def test_make_offers_only_what_exists():
    makefile = text("Makefile")
    for script in re.findall(r"\$\(BIN\)/python (\S+\.py)", makefile):
        assert (ROOT / script).is_file(), script
    for module in re.findall(r"\$\(BIN\)/python -m (sim[\w.]*)", makefile):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module


def test_make_lists_each_target_with_what_it_does():
    phony = re.search(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    assert phony is not None
    command = ["make", "-C", ROOT, "--no-print-directory", "help"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    assert [line.split()[1] for line in listed.stdout.splitlines()] == phony.group(1).split()


def test_the_automated_check_is_what_a_developer_types():
    script = ROOT / ".ci" / "run"
    subprocess.run(["bash", "-n", script], check=True)
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()
    assert script.read_text().splitlines()[-1] == "make test"


# The distribution


def version_in_source() -> str:
    """`sim.__version__`, read as the build does: without importing the package."""
    for node in ast.parse(text("sim/__init__.py")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == ["__version__"]:
            return str(ast.literal_eval(node.value))
    raise AssertionError("sim/__init__.py does not set __version__")


def test_the_version_is_the_same_wherever_it_is_said():
    version = version_in_source()
    assert str(yaml.safe_load(text("CITATION.cff"))["version"]) == version
    first = re.search(r"^## \[([^\]]+)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert first is not None and first.group(1) == version


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the project, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "project"
    copy.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("sim", *RESOURCES):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    # What a user's notebook server leaves beside the notebooks stays behind.
    (copy / "notebooks" / ".ipynb_checkpoints").mkdir(exist_ok=True)
    (copy / "notebooks" / ".ipynb_checkpoints" / "draft.ipynb").write_text("{}")
    build = "from setuptools import build_meta; build_meta.build_wheel('..')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_carries_the_package_and_its_resources(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [path.relative_to(ROOT) for path in project_files()]
    assert wheel.name == f"incentivelab-{version_in_source()}-py3-none-any.whl"
    wanted = {path.as_posix() for path in files if path.parts[0] == "sim"}
    wanted |= {f"sim/_resources/{path.as_posix()}" for path in files if path.parts[0] in RESOURCES}
    assert wanted <= names
    assert not [name for name in names if "checkpoints" in name or "__pycache__" in name]
    assert {name.split("/")[0] for name in names - wanted} == {f"incentivelab-{version_in_source()}.dist-info"}


def test_an_installed_wheel_finds_its_policies_and_scenarios(wheel: Path, tmp_path: Path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    loads = "sim.load_policy('changzhou-2015'); sim.load_scenario('changzhou-2015')"
    script = f"import sim; print(sim.__file__); {loads}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
