"""Documents that clients name instead of sending them: those of manifests, and automatic persisted
queries.

See https://www.apollographql.com/docs/apollo-server/performance/apq and the appendix "Persisted Documents"
of https://graphql.github.io/graphql-over-http/draft/."""

import re
import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

PREFIX = "sha256:"
DIGEST = re.compile(r"[0-9a-f]{64}")
MOST_BYTES = 8_000_000
"""Memory for the documents that clients have persisted."""
OVERHEAD = 500
"""Bytes of memory for the entry of a document besides its text."""

NOT_TRUSTED = (
    "This gateway only runs the documents of its manifest (GATEWAY_DOCUMENTS=trusted). Send the id of one of"
    " them in `documentId`, or add this document to the manifest. For GraphiQL and introspection, run a"
    " gateway with GATEWAY_DOCUMENTS=any."
)


class DocumentRefused(Exception):
    """A document that is not run. The message is for the client."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class DocumentReference:
    """The id of a document, or its hash as the extension `persistedQuery` has it."""

    key: str
    is_hash: bool = False

    @property
    def digest(self) -> str | None:
        """The SHA-256 in hexadecimal that the document must have; None for an id of another kind."""
        is_prefixed = self.key.startswith(PREFIX)
        return self.key.removeprefix(PREFIX) if self.is_hash or is_prefixed else None


class PersistedDocuments:
    """The documents that clients can name. Those of manifests stay; those that clients persist are
    evicted when they take more than `most_bytes`, the least recently used first.

    They are in the memory of this process only. Clients persist a document again where it is
    unknown."""

    def __init__(
        self,
        trusted: Mapping[str, str] | None = None,
        *,
        only_trusted: bool = False,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """`trusted` has the documents of manifests by id; `only_trusted` refuses all others."""
        self._by_id = dict(trusted or {})
        self._trusted = {document_digest(text): text for text in self._by_id.values()}
        self._texts = frozenset(self._by_id.values())
        self._only_trusted = only_trusted
        self._most_bytes = most_bytes
        self._bytes = 0
        self._sent: OrderedDict[str, str] = OrderedDict()

    def check(self, text: str) -> None:
        """Raises DocumentRefused for a document that is not trusted, if only trusted ones are run."""
        if self._only_trusted and text not in self._texts:
            raise DocumentRefused(NOT_TRUSTED, "DOCUMENT_NOT_TRUSTED")

    def find(self, reference: DocumentReference, text: str | None) -> str:
        """The document with this id or hash, whose text a client may send along. Raises
        DocumentRefused."""
        known = self._known(reference)
        if text is None:
            if known is None:
                raise self._unknown(reference)
            return known
        if text != known and reference.digest != document_digest(text):
            raise _mismatch(reference)
        self.check(text)
        return text

    def persist(self, digest: str, text: str) -> None:
        """Store a valid document, whose SHA-256 is `digest`."""
        if digest in self._sent or text in self._texts:
            return
        self._sent[digest] = text
        self._bytes += _size(text)
        while self._bytes > self._most_bytes:
            self._bytes -= _size(self._sent.popitem(last=False)[1])

    def _known(self, reference: DocumentReference) -> str | None:
        if (text := self._by_id.get(reference.key)) is not None:
            return text
        digest = reference.digest or ""
        if digest in self._sent:
            self._sent.move_to_end(digest)
            return self._sent[digest]
        return self._trusted.get(digest)

    def _unknown(self, reference: DocumentReference) -> DocumentRefused:
        if self._only_trusted:
            return DocumentRefused(NOT_TRUSTED, "DOCUMENT_NOT_TRUSTED")
        if reference.digest is not None:
            return DocumentRefused("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        message = (
            "No document has this id. Send the document itself in `query`, or add it to a manifest."
        )
        return DocumentRefused(message, "DOCUMENT_NOT_FOUND")


def document_digest(text: str) -> str:
    """The SHA-256 of a document in hexadecimal."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def _mismatch(reference: DocumentReference) -> DocumentRefused:
    message = "provided sha does not match query"
    if not reference.is_hash:
        message = "The document in `query` is not the one with the id in `documentId`."
    return DocumentRefused(message, "PERSISTED_QUERY_MISMATCH")


def _size(text: str) -> int:
    return sys.getsizeof(text) + OVERHEAD
