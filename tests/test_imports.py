"""Who may know whom: the rules of the layout, read from the sources themselves."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for folder in ("bridge", "web", "firmware/pillow")
    for path in sorted((ROOT / folder).glob("*.py"))
} | {"firmware/main.py": ast.parse((ROOT / "firmware/main.py").read_text(encoding="utf-8"))}

PURE = {
    *(
        f"bridge/{name}.py"
        for name in (
            *("strict", "report", "wire", "events", "session", "clock", "conversation", "diagnosis", "health"),
            *("cloudevents", "cloudsettings", "packing", "kinds", "quiet"),
            *("tunnel", "visitor", "door", "pace", "proof", "pieces", "owed", "boots", "turn"),
            "recording",
        )
    ),
    *(f"firmware/pillow/{name}.py" for name in ("gesture", "report", "wire", "spool", "link", "config")),
    *(f"firmware/pillow/{name}.py" for name in ("keyed", "proof", "blob", "home", "air", "wifi", "mdns", "sleep")),
    *(f"firmware/pillow/{name}.py" for name in ("model", "doubt", "samples", "recall", "takes", "desk")),
    "web/press.py",
    "web/lesson.py",
    "web/pace.py",
}
IMPURE = {"socket", "serial", "sqlite3", "flask", "gevent", "machine", "neopixel", "threading", "time", "subprocess"}
# Outside of the left, the right may not be imported.
KNOWN_TO = {
    "serial": {"bridge/ports.py"},
    "socket": {
        *("firmware/pillow/radio.py", "bridge/ports.py", "bridge/listener.py", "bridge/caller.py"),
        *("bridge/bell.py", "web/serve.py", "web/channel.py"),
    },
    "flask": {"web/app.py", "web/viewers.py", "web/owner.py"},
    "flask_socketio": {"web/app.py", "web/viewers.py", "web/teach.py"},
    "ssl": {"bridge/tunnel.py", "bridge/certificate.py"},
    "asyncio": {"bridge/listener.py", "bridge/caller.py"},
    "cryptography": {"bridge/certificate.py"},
    "zeroconf": {"bridge/discovery.py"},
    "azure": {"bridge/cloud.py"},
    "redis": {"web/stream.py"},
    "machine": {"firmware/main.py", "firmware/pillow/board.py", "firmware/pillow/bed.py"},
    "esp32": {"firmware/pillow/bed.py"},
    "network": {"firmware/pillow/radio.py"},
    "tls": {"firmware/pillow/radio.py"},
    "neopixel": {"firmware/pillow/board.py"},
    "pillow": {"firmware/main.py"},
    "virtual": set(),
}
SQL = {f"bridge/{part}.py" for part in ("store", "standing", "hearsay", "wishbook", "register", "journal")}
WEB_MAY_READ = {
    "report",
    "journal",
    "wishes",
    "kinds",
    "bell",
    "home",
    "errors",
    "strict",
    "takes",
    "backoff",
    "letter",
    "cloud",
    "refusals",
    "cloudevents",
    "packing",
    "cloudsettings",
    "steps",
}


def imported(tree: ast.AST) -> set:
    """Every name that a file imports, as `package` and `package.module`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names | {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted(PURE))
def test_a_pure_file_knows_no_port_no_disk_and_no_clock(path):
    assert imported(SOURCES[path]) & IMPURE == set()


@pytest.mark.parametrize("module", sorted(KNOWN_TO))
def test_only_few_files_know(module):
    assert {path for path, tree in SOURCES.items() if module in imported(tree)} <= KNOWN_TO[module]


def test_the_bridge_knows_nothing_of_the_page():
    assert [path for path in SOURCES if path.startswith("bridge/") and "web" in imported(SOURCES[path])] == []


def test_the_page_knows_only_what_the_bridge_writes_for_it():
    modules = {path.stem for path in (ROOT / "bridge").glob("*.py")} - WEB_MAY_READ
    wrong = {
        (path, name)
        for path, tree in SOURCES.items()
        for name in imported(tree) & {f"bridge.{module}" for module in modules}
        if path.startswith("web/")
    }
    assert wrong == set()


def test_only_the_journal_speaks_sql():
    for path, tree in SOURCES.items():
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sqlite3"
        }
        assert path in SQL or all(name.endswith("Error") for name in used), path


@pytest.mark.parametrize("path", sorted(set(SOURCES) - {"firmware/main.py"}))
def test_nothing_starts_at_import(path):
    """Statements on the outermost level define, import and name things; only `if` may choose among them."""
    quiet = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.AugAssign)
    todo = list(SOURCES[path].body)
    while todo:
        statement = todo.pop()
        if isinstance(statement, ast.If) and "__main__" in ast.dump(statement.test):
            continue
        if isinstance(statement, ast.If | ast.Try):
            todo += [*statement.body, *statement.orelse]
            continue
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        assert is_text or isinstance(statement, quiet), f"{path}:{statement.lineno}"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.endswith("__init__.py")])
def test_packages_are_only_folders(path):
    assert SOURCES[path].body == []


def test_every_bench_finds_what_it_imports():
    """No test runs them."""
    names = [path.stem for path in (ROOT / "bench").glob("*.py") if path.stem != "__main__"]
    ways = os.pathsep.join(str(ROOT / folder) for folder in (".", "firmware", "tests", "bench"))
    words = [sys.executable, "-c", f"import {', '.join(names)}"]
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": ways}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
