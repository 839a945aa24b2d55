"""What a wheel holds beside its modules, built from `results/`: what is published; the rest: pyproject.toml."""

from __future__ import annotations

import zipfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

RESULTS = Path(__file__).parent / "results"
# where the installed package looks for them: benchmark/store/records.py
SHIPPED = Path("benchmark") / "published"
# every file of the archive says this moment, so that the same records are the same bytes
UNDATED = (1980, 1, 1, 0, 0, 0)


class BuildWithResults(build_py):
    """Copies `results/paper` and `results/submissions`, and packs `results/runs` into one file. An editable installation reads them where
    they lie."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for path, name in self._plain().items():
            self.copy_file(str(path), str(self._target(name)))
        target = self._target("runs.zip")
        with zipfile.ZipFile(target, "w") as archive:
            for path in sorted((RESULTS / "runs").rglob("*.json")):
                entry = zipfile.ZipInfo(path.relative_to(RESULTS / "runs").as_posix(), UNDATED)
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        ours = [] if self.editable_mode else [str(self._target(name)) for name in (*self._plain().values(), "runs.zip")]
        return [*super().get_outputs(include_bytecode), *ours]

    def _plain(self) -> dict[Path, str]:
        return {path: f"{folder}/{path.name}" for folder in ("paper", "submissions") for path in sorted((RESULTS / folder).glob("*.*"))}

    def _target(self, name: str) -> Path:
        path = Path(self.build_lib) / SHIPPED / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


setup(cmdclass={"build_py": BuildWithResults})
