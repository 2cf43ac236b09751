"""Answers that contain the secret of an API key. They are stored only encrypted, with the idempotency key of the
request, so that secrets cannot be read from the database."""

import hashlib
from typing import Any

HEADER = {"alg": "dir", "enc": "A256GCM"}


def seal(answer: bytes, key: str) -> bytes:
    """An answer that only `unseal` with the same idempotency key can read."""
    from joserfc import jwe  # noqa: PLC0415 - most gateways never need it

    return jwe.encrypt_compact(HEADER, answer, _cipher_key(key)).encode()


def unseal(sealed: bytes, key: str) -> bytes:
    from joserfc import jwe  # noqa: PLC0415 - as for `seal`

    return bytes(jwe.decrypt_compact(sealed, _cipher_key(key)).plaintext or b"")


def _cipher_key(key: str) -> Any:
    from joserfc.jwk import OctKey  # noqa: PLC0415 - as for `seal`

    return OctKey.import_key(hashlib.sha256(f"answer\0{key}".encode()).digest())
