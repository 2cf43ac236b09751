"""The Content-Encoding of an upload, and the Accept-Encoding of a download."""

import re
from pathlib import Path

from gateway.exchange.formats.compression import Compression, compression_of_head
from gateway.exchange.formats.sources import HEAD
from gateway.web.parameters import BadParameter

PACKED_TYPES = ("application/zip",)
"""The media types of responses that need no compression. Starlette's own list is longer, and it goes through
it for each request."""

NOT_ACCEPTED = re.compile(r"q *= *0(\.0*)?")
KNOWN = frozenset(Compression) | {"identity", ""}


def accepted_compression(header: str) -> Compression | None:
    """The first of our compressions that an Accept-Encoding header allows."""
    allowed = set()
    for part in header.lower().split(","):
        name, _, quality = part.partition(";")
        if not NOT_ACCEPTED.fullmatch(quality.strip()):
            allowed.add(name.strip())
    return next((kind for kind in Compression if kind.value in allowed), None)


def stated_compression(header: str) -> Compression | None:
    """The compression of an upload's body. Raises BadParameter for an unknown coding."""
    coding = header.strip().lower()
    if coding not in KNOWN:
        raise BadParameter("The Content-Encoding of an upload is gzip, zstd or identity.")
    return Compression(coding) if coding in set(Compression) else None


def check_packed(path: Path, compression: Compression | None) -> None:
    """Raises BadParameter if a received file is not packed with `compression`. It is unpacked when it
    is read."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if compression is not None and compression_of_head(head) is not compression:
        raise BadParameter(
            f"The body is not packed with {compression}, as Content-Encoding states."
        )
