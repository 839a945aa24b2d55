"""The arrows between the rooms, and what is imported when."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# a module may import from its own room and from rooms of a lower level
LEVELS = [
    {"__main__"}, {"cli"}, {"experiments", "report"}, {"testing"}, {"execution"}, {"store"}, {"training"}, {"contract"}, {"tasks"},
    {"suites", "registry"}, {"data"}, {"options", "metrics", "protocols", "spec", "checkpoints"}, {"files"}, {"errors"}, {""},
]


def imports(path):
    """(module, at import time) of every absolute import in a file."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) in top


def room(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def level(name):
    return next(k for k, rooms in enumerate(LEVELS) if name in rooms)


ENGINE = sorted((ROOT / "benchmark").rglob("*.py"))


def test_the_arrow_test_sees_the_whole_engine():
    assert len(ENGINE) > 40


@pytest.mark.parametrize("path", [p for p in ENGINE if p.name != "__init__.py" or p.parent.name != "benchmark"],
                         ids=lambda p: str(p.relative_to(ROOT)))
def test_engine_modules_import_only_downwards_and_name_no_method(path):
    own = path.relative_to(ROOT / "benchmark").parts[0].removesuffix(".py")
    lazy = {"registry"}  # loads a method's class, and its contract, only when asked
    for module, _ in imports(path):
        assert module.split(".")[0] not in ("baselines", "methods"), f"{path.name} imports {module}"
        if module.split(".")[0] == "benchmark" and room(module) != own and own not in lazy:
            assert level(room(module)) > level(own), f"{path.name} ({own}) imports {module}"


@pytest.mark.parametrize("path", sorted([*(ROOT / "baselines").rglob("*.py"), *(ROOT / "methods").rglob("*.py")]),
                         ids=lambda p: str(p.relative_to(ROOT)))
def test_methods_use_the_engines_public_names_only(path):
    allowed = {"benchmark", "benchmark.registry"}
    for module, _ in imports(path):
        if module.split(".")[0] == "benchmark":
            assert module in allowed, f"{path.relative_to(ROOT)} imports {module}; import the name from `benchmark`"


def run_python(code, **environment):
    import os

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["list", "methods"], ["list", "suites"], ["list", "tasks"],
                                       ["list", "presets"], ["list", "protocols"], ["table"], ["data", "list"]], ids=" ".join)
def test_help_lists_and_tables_never_import_torch(arguments):
    out = run_python(f"import sys; sys.argv = ['stbench', *{arguments}]\nfrom benchmark.cli import main\n"
                     "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
                     "print('torch' in sys.modules)")
    assert out.splitlines()[-1] == "False"


def test_importing_benchmark_imports_neither_torch_nor_pandas_nor_numpy():
    assert run_python("import sys, benchmark; print({'torch', 'pandas', 'numpy'} & set(sys.modules))").strip() == "set()"


def test_every_public_name_loads():
    assert run_python("import benchmark\nprint(all(getattr(benchmark, name) for name in benchmark.__all__))").strip() == "True"


def test_no_file_of_the_project_is_longer_than_500_lines_and_few_exceed_300():
    files = [p for folder in ("benchmark", "baselines", "methods") for p in (ROOT / folder).rglob("*.py")]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in files}
    assert not {name for name, length in lengths.items() if length > 400}
    assert len({name for name, length in lengths.items() if length > 300}) <= 3
