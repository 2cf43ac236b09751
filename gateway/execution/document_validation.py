"""Validation with a bounded amount of work and a bounded answer for any document."""

import re
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from gateway.execution.argument_places import with_path
from gateway.execution.argument_validation import OTHER_RULES

overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 25_000
"""The limit of comparisons of fields with the same name. Otherwise graphql-core would spend seconds on
a document of 16 kB, and it has no other setting for this."""

MOST_ERRORS = 20
MOST_VALID = 10_000
LONGEST_WORD = 100
LONGEST_MESSAGE = 1_000


def validation_errors(
    schema: GraphQLSchema, document: DocumentNode, rules: tuple[type[ASTValidationRule], ...]
) -> list[GraphQLError]:
    """The errors of a document by the rules of GraphQL and by `rules`, which check its arguments. If
    there are more than `MOST_ERRORS`, the last error says so."""
    errors = validate(schema, document, (*OTHER_RULES, *rules), max_errors=MOST_ERRORS - 1)
    return [with_path(schema, document, error) for error in errors]


class ValidDocuments:
    """The hashes of documents that were valid lately, so that a document that no plan covers is not
    validated for each request. Any thread may use it."""

    def __init__(self, most: int = MOST_VALID) -> None:
        self._most = most
        self._hashes: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def errors(self, text: str, validated: Callable[[], list[GraphQLError]]) -> list[GraphQLError]:
        """The result of `validated`, which is not called for a text that had no errors before."""
        digest = blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
        with self._lock:
            if digest in self._hashes:
                self._hashes.move_to_end(digest)
                return []
        errors = validated()
        if not errors:
            self._add(digest)
        return errors

    def _add(self, digest: bytes) -> None:
        with self._lock:
            self._hashes[digest] = None
            if len(self._hashes) > self._most:
                self._hashes.popitem(last=False)


def shortened(message: str) -> str:
    """`message` with long names and values shortened, and with a limited length."""
    message = re.sub(rf"(\S{{{LONGEST_WORD}}})\S+", r"\1…", message)
    if len(message) <= LONGEST_MESSAGE:
        return message
    return message[:LONGEST_MESSAGE] + "…"
