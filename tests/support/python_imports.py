"""The imports of a Python module."""

import ast
from collections.abc import Iterator
from pathlib import Path


def imports(source: Path, package: tuple[str, ...]) -> Iterator[str]:
    """The absolute names that a module of `package` imports, anywhere in it, modules and members
    alike: `from a import b` is a.b."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                home = package[: len(package) - level + 1] if level else ()
                origin = [*home, *([module] if module else [])]
                yield from (".".join([*origin, alias.name]) for alias in names)
