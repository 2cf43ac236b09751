"""The limits of operations, which are checked before validation and execution. Tokens are counted
before parsing."""

import re
from dataclasses import dataclass

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode


@dataclass(frozen=True)
class Limits:
    """The limits of an operation."""

    bytes: int = 100_000
    tokens: int = 20_000
    directives: int = 200
    operations: int = 50
    fragments: int = 100
    depth: int = 20
    fields: int = 5_000
    aliases: int = 500
    schemas: int = 1
    types: int = 50
    cost: int = 20_000


WORDS = {
    "bytes": "The document has {} bytes",
    "tokens": "The document has {} tokens",
    "directives": "The document has {} directives",
    "operations": "The document has {} operations",
    "fragments": "The document has {} fragments",
    "depth": "The operation is nested {} levels deep",
    "fields": "The operation selects {} fields",
    "aliases": "The operation has {} aliases",
    "schemas": "The operation selects `__schema` {} times",
    "types": "The operation selects `__type` {} times",
    "cost": "The operation may cost {}",
}

MOST_COUNTED = 10**12
"""Costs are counted up to this number, which fits 64 bits."""

TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\(?:""")?|"(?!""))*+(?:""")?'
    r'|"(?:[^"\\\n\r]++|\\.)*+"?'
    r"|#[^\n\r]*+"
    r"|[_A-Za-z]\w*+"
    r"|-?\d++(?:\.\d++)?+(?:[eE][+-]?\d++)?+"
    r"|\.\.\.|[!$&():=@\[\]{}|]",
    re.ASCII,
)
"""One token of GraphQL, or a comment. Each character is matched once, so no text is slow to count."""


class TooLarge(Exception):
    """The operation exceeds a limit and is not run. The message says what would fit."""


def check_text(document: str, limits: Limits) -> None:
    """Raises TooLarge for a text that is too large to parse."""
    check_numbers(limits, bytes=len(document.encode("utf-8", "replace")))
    tokens = TOKEN.findall(document)
    check_numbers(limits, tokens=len(tokens), directives=tokens.count("@"))


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Raises TooLarge for a document that is too large to measure."""
    kinds = [type(node) for node in document.definitions]
    operations, fragments = map(kinds.count, (OperationDefinitionNode, FragmentDefinitionNode))
    check_numbers(limits, operations=operations, fragments=fragments)


def check_numbers(limits: Limits, advice: str = "", **numbers: int) -> None:
    """Raises TooLarge for the first number above its limit; `advice` ends the message."""
    for name, number in numbers.items():
        most = getattr(limits, name)
        if number > most:
            count = f"{number:,}" if number < MOST_COUNTED else f"more than {MOST_COUNTED:,}"
            raise TooLarge(f"{WORDS[name].format(count)}, but the limit is {most:,}{advice}.")
