"""Puts the folders a user reads, policies/, data/ and notebooks/, into a wheel.

In a checkout they lie beside the package, where people look for them; in a wheel they are the
resources ``sim/_resources/{policies,data,notebooks}``. Everything else about the distribution is
said in pyproject.toml.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

RESOURCES = ("policies", "data", "notebooks")
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


def resource_files() -> list[Path]:
    """The files to carry, relative to the root of the project, in a fixed order."""
    return sorted(
        path
        for folder in RESOURCES
        for path in Path(folder).rglob("*")
        if path.is_file() and not LEFT_OUT.intersection(path.parts)
    )


class BuildWithResources(build_py):
    """``build_py`` that also copies the resources; an editable install reads them in place."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for source in resource_files():
            target = self._built(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(source), str(target), preserve_mode=False)

    def get_source_files(self) -> list[str]:
        """What a source distribution must hold for its wheel to be the same."""
        return [*super().get_source_files(), *map(str, resource_files())]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """What an installation writes, so that it can be taken away again."""
        outputs = super().get_outputs(include_bytecode)
        if self.editable_mode:
            return outputs
        return [*outputs, *(str(self._built(source)) for source in resource_files())]

    def _built(self, source: Path) -> Path:
        return Path(self.build_lib, "sim", "_resources", source)


setup(cmdclass={"build_py": BuildWithResources})
