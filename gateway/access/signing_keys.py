"""The public keys of an OpenID provider, which verify its signatures."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import JWKRegistry, Key, OctKey
from joserfc.jws import JWSRegistry

from gateway.access.provider_documents import ProviderFault

log = logging.getLogger("gateway.access")

MOST_KEYS = 100
SHORTEST_MODULUS = 342
"""Base64 digits of an RSA key of 2,048 bits; shorter ones are not safe."""


class AcceptedAlgorithms(JWSRegistry):
    """The algorithms that a token may be signed with, and the sizes of its parts.

    joserfc warns of EdDSA whenever it is used, because Ed25519 is its new name, but providers still use
    the old one. It also refuses unknown header parameters, which must be ignored according to RFC
    7515."""

    max_header_length = 4_096
    max_signature_length = 2_048

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(algorithms=names, strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


class SigningKeys:
    """The keys of one JSON Web Key Set that can verify signatures."""

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        self._keys = keys

    def __bool__(self) -> bool:
        return bool(self._keys)

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """The key with this id that fits the algorithm or, without an id, the only key that fits."""
        fitting = [key for key in self._keys if kid in (None, key.kid) and _fits(key, algorithm)]
        is_clear = len(fitting) == 1 or (fitting and kid is not None)
        return fitting[0] if is_clear else None


def read_keys(document: Mapping[str, Any]) -> SigningKeys:
    """The keys of a JSON Web Key Set.

    Unusable keys are skipped, as RFC 7517 requires. Raises ProviderFault if none remains."""
    listed = document.get("keys")
    parsed = [_read_key(each) for each in (listed if isinstance(listed, list) else [])[:MOST_KEYS]]
    keys = [key for key in parsed if key is not None]
    if not keys:
        raise ProviderFault("the key set has no key that can be used")
    return SigningKeys(keys)


def _read_key(value: Any) -> Key | None:
    try:
        key = JWKRegistry.import_key(value)
        is_weak = key.key_type == "RSA" and len(value["n"]) < SHORTEST_MODULUS
    except (JoseError, ValueError, TypeError, LookupError, AttributeError) as error:
        log.info("a key of the provider is ignored: %s", type(error).__name__)
        return None
    return None if is_weak or isinstance(key, OctKey) else key


def _fits(key: Key, algorithm: str) -> bool:
    try:
        key.check_use("sig")
        key.check_alg(algorithm)
        key.check_key_op("verify")
        JWSRegistry.algorithms[algorithm].check_key(key)
    except JoseError:
        return False
    return True
