"""The house's limits, held by tests: what a review would otherwise have to say every time."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("config", "probes", "metrics", "alerts", "app")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
DEEPEST_NESTING = 3
BANNED_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "manager"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


@dataclass(frozen=True)
class Seen:
    """What the limits are about in a file: its length, and the functions and names that go beyond them."""

    lines: int
    long: list[str]
    deep: list[str]
    silent: list[str]


@cache
def seen(path: Path) -> Seen:
    """A file, parsed once for all limits."""
    text = path.read_text()
    tree = ast.parse(text)
    return Seen(
        lines=len(text.splitlines()),
        long=[f.name for f in functions(tree) if (f.end_lineno or 0) - f.lineno + 1 > LONGEST_FUNCTION],
        deep=[f.name for f in functions(tree) if depth(f) > DEEPEST_NESTING],
        silent=list(silent(tree)),
    )


def every() -> Iterator[tuple[str, Seen]]:
    """One test a limit, not one a file and limit, which would be a third of the whole suite's."""
    assert len(SOURCES) > 500
    return ((relative(path), seen(path)) for path in SOURCES)


def silent(tree: ast.Module) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield "module"
    for node in tree.body:
        public = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name[0] != "_"
        if public and not ast.get_docstring(node):
            yield node.name


def test_no_file_grows_past_400_lines() -> None:
    assert {place: found.lines for place, found in every() if found.lines > LONGEST_FILE} == {}


def test_no_function_grows_past_50_lines() -> None:
    assert {place: found.long for place, found in every() if found.long} == {}


BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def depth(node: ast.AST) -> int:
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        # `elif` is an If inside orelse: one level for people, two for the parser.
        elif_branch = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, depth(child) + (isinstance(child, BLOCKS) and not elif_branch))
    return deepest


def test_no_function_nests_deeper_than_three_blocks() -> None:
    assert {place: found.deep for place, found in every() if found.deep} == {}


def test_no_module_is_named_after_nothing() -> None:
    assert [relative(path) for path in SOURCES if path.stem in BANNED_NAMES] == []


def test_every_module_and_public_name_says_what_it_promises() -> None:
    assert {place: found.silent for place, found in every() if found.silent} == {}


SHELLS = {"probes/agent/process.py", "probes/agent/__main__.py"}
"""Where a process begins outside `app`: the prober's, which must not import `app`."""
INNER = [path for path in SOURCES if not relative(path).startswith("app/") and relative(path) not in SHELLS]


def test_only_a_process_shell_reads_the_wall_clock_or_the_environment() -> None:
    texts = {relative(path): path.read_text() for path in INNER}
    assert [place for place, text in texts.items() if "datetime.now(" in text or "os.environ" in text] == []


def test_tests_have_no_packages_that_could_shadow_ours() -> None:
    assert [relative(p) for p in (ROOT / "tests").rglob("__init__.py")] == []


def test_the_lock_names_no_host_and_pins_every_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index-url" not in lock
    blocks = [block for block in lock.split("\n") if "==" in block and not block.startswith((" ", "#"))]
    assert len(blocks) > 50
    assert lock.count("--hash=sha256:") >= len(blocks)


def test_a_prober_loads_neither_database_nor_dashboard() -> None:
    code = (
        "import sys, probes.agent, app.cli.prober;"
        "print([m for m in ('duckdb', 'pandas', 'dash', 'plotly', 'numpy', 'pyarrow') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"
