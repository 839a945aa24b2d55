"""The arrows between the rooms, and what is imported when."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# a module may import from its own room and from rooms of a lower level
LEVELS = [
    {"__main__"}, {"cli"}, {"experiments"}, {"report"}, {"timing"}, {"testing", "submission"}, {"execution"}, {"forecasting", "trajectory"},
    {"training", "isolation"}, {"fitting"}, {"suites"},
    {"data"}, {"contract"}, {"store"}, {"declared", "method_files", "scaffold"}, {"families", "registry", "checkpoints"},
    {"options", "metrics", "protocols", "spec", "ragged", "days", "markov", "training_notes", "footprint"},
    {"shapes", "folders"}, {"files", "lazy", "plain_json", "signals"}, {"owners"}, {"errors"}, {""},
]
# the families as plain data are made of each family's protocols, which import nothing above themselves
FROM_BELOW = {("families", "benchmark.forecasting.protocol"), ("families", "benchmark.trajectory.protocol")}
FAMILIES = {"forecasting", "trajectory"}


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
        if module.split(".")[0] == "benchmark" and room(module) != own and own not in lazy and (own, module) not in FROM_BELOW:
            assert level(room(module)) > level(own), f"{path.name} ({own}) imports {module}"


def decided_by(tree):
    """Texts that a comparison, a case, a key or a look-up decides by."""
    for node in ast.walk(tree):
        parts = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            parts = [*sides, *(one for side in sides if isinstance(side, ast.List | ast.Tuple | ast.Set) for one in side.elts)]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        elif isinstance(node, ast.Dict):
            parts = [key for key in node.keys if key is not None]
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop", "startswith"):
            parts = node.args[:1]
        yield from (part.value for part in parts if isinstance(part, ast.Constant))


def is_a_familys_own(path):
    """families.py, and the rooms of the families."""
    parts = path.relative_to(ROOT / "benchmark").with_suffix("").parts
    return parts == ("families",) or parts[0] in FAMILIES or (parts[0] in ("data", "testing") and parts[1] in FAMILIES)


@pytest.mark.parametrize("path", [p for p in ENGINE if not is_a_familys_own(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_decided_by_a_familys_name_outside_families_and_their_own_rooms(path):
    assert not FAMILIES & set(decided_by(ast.parse(path.read_text()))), "look it up in benchmark.families"


def test_the_family_test_sees_comparisons_cases_keys_and_look_ups():
    for code in ("x == 'trajectory'", "x in ('a', 'forecasting')", "{'trajectory': 1}", "d['trajectory']", "d.get('forecasting')",
                 "match x:\n    case 'trajectory': pass"):
        assert FAMILIES & set(decided_by(ast.parse(code))), code


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_families_do_not_import_each_other_and_their_inits_import_nothing(family):
    (other,) = FAMILIES - {family}
    for folder in (ROOT / "benchmark" / family, ROOT / "benchmark" / "data" / family):
        for path in folder.rglob("*.py"):
            found = [module for module, _ in imports(path)]
            assert not [m for m in found if m.startswith((f"benchmark.{other}", f"benchmark.data.{other}"))], path
            assert path.name != "__init__.py" or set(found) <= {"__future__"}, path


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


@pytest.mark.parametrize("arguments", [["--help"], ["new", "--help"], ["check", "--help"], ["run", "--help"], ["predict", "--help"],
                                       ["embed", "--help"], ["list", "methods"],
                                       ["list", "suites"], ["list", "tasks"],
                                       ["list", "presets"], ["list", "protocols"], ["list", "sources"], ["table"], ["table", "--long"],
                                       ["table", "--ranks"], ["time", "--show"], ["list", "experiments"], ["data", "list"],
                                       ["data", "show", "flights"], ["data", "verify"]],
                         ids=" ".join)
def test_help_lists_and_tables_never_import_torch(arguments):
    out = run_python(f"import sys; sys.argv = ['stbench', *{arguments}]\nfrom benchmark.cli import main\n"
                     "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
                     "print('torch' in sys.modules)")
    assert out.splitlines()[-1] == "False"


def test_the_command_line_is_put_together_without_numpy_pandas_matplotlib_and_torch():
    assert run_python("import sys, benchmark.cli.app; "
                      "print({'torch', 'pandas', 'numpy', 'matplotlib'} & set(sys.modules))").strip() == "set()"


def test_importing_benchmark_imports_neither_torch_nor_pandas_nor_numpy():
    assert run_python("import sys, benchmark; print({'torch', 'pandas', 'numpy'} & set(sys.modules))").strip() == "set()"


def test_every_public_name_loads():
    assert run_python("import benchmark\nprint(all(getattr(benchmark, name) for name in benchmark.__all__))").strip() == "True"


def test_no_file_of_the_project_is_longer_than_500_lines_and_few_exceed_300():
    files = [p for folder in ("benchmark", "baselines", "methods") for p in (ROOT / folder).rglob("*.py")]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in files}
    assert not {name for name, length in lengths.items() if length > 400}
    assert len({name for name, length in lengths.items() if length > 300}) <= 3
