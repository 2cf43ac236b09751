"""JSON Web Tokens of an OpenID provider (RFC 7519, RFC 9068)."""

import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from joserfc import jwt
from joserfc.errors import (
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)

from gateway.access.caller import Caller, InvalidCredential, ProviderUnavailable
from gateway.access.claims import ClaimNames, Claims, caller_from
from gateway.access.provider_keys import ProviderKeys
from gateway.access.signing_keys import AcceptedAlgorithms
from gateway.storage.database import Database

LEEWAY = 60
"""The maximum difference between the clocks, in seconds."""

REMEMBERED = 60
"""Seconds for which a verified token is cached."""

MOST_REMEMBERED = 10_000
NO_KEYS = "The keys of the OpenID provider are not available yet, so no token can be verified."
MALFORMED = "The token is malformed."
UNACCEPTED = "The token is not signed by an algorithm that the gateway accepts."
UNKNOWN_KEY = "The token is signed by a key that the provider does not publish."
FORGED = "The signature of the token is wrong."
EXPIRED = "The token has expired."
CLAIM_FAULTS = {
    "aud": "The token is for another audience.",
    "iss": "The token is from another issuer.",
    "nbf": "The token is not valid yet.",
    "iat": "The token was issued in the future.",
}


@dataclass(frozen=True)
class TokenRules:
    """The rules for accepted tokens, and the claims with the rights of their bearers."""

    issuer: str
    audiences: Sequence[str]
    algorithms: Sequence[str]
    names: ClaimNames
    requires_nbf: bool = True


@dataclass(frozen=True)
class _Verified:
    """A verified token: its caller, the monotonic time until which it is cached, and its last
    second."""

    caller: Caller
    until: float
    end: float


class TokenVerifier:
    """Verifies tokens with the keys of their provider. It never waits for the network if the key of a
    token is known."""

    def __init__(self, database: Database, keys: ProviderKeys, rules: TokenRules) -> None:
        self._database = database
        self._keys = keys
        self._rules = rules
        self._accepted = AcceptedAlgorithms(rules.algorithms)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": rules.issuer},
            aud={"essential": True, "values": list(rules.audiences)},
            sub={"essential": True},
            exp={"essential": True},
            nbf={"essential": rules.requires_nbf},
        )
        self._known: OrderedDict[bytes, _Verified] = OrderedDict()

    def start(self) -> None:
        self._keys.start()

    async def close(self) -> None:
        await self._keys.close()

    async def caller(self, token: str) -> Caller:
        """The caller of a token. Raises InvalidCredential, ProviderUnavailable, and the errors of a
        read."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None or known.until <= time.monotonic() or known.end <= time.time():
            claims = await self._verified(token)
            caller = await caller_from(self._database, claims, self._rules.names)
            self._remember(digest, claims, caller)
            return caller
        return known.caller

    def _remember(self, digest: bytes, claims: Claims, caller: Caller) -> None:
        until = time.monotonic() + REMEMBERED
        self._known[digest] = _Verified(caller, until, claims["exp"] + LEEWAY)
        self._known.move_to_end(digest)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    async def _verified(self, token: str) -> Claims:
        """The claims of a valid token. Raises InvalidCredential and ProviderUnavailable."""
        algorithm, kid = _algorithm_and_key(token)
        if algorithm not in self._rules.algorithms:
            raise InvalidCredential(UNACCEPTED)
        key = await self._keys.find(kid, algorithm)
        if key is None:
            if not self._keys.are_known:
                raise ProviderUnavailable(NO_KEYS)
            raise InvalidCredential(UNKNOWN_KEY)
        try:
            claims = jwt.decode(token, key, registry=self._accepted).claims
        except (JoseError, ValueError, RecursionError) as error:
            raise InvalidCredential(FORGED) from error
        self._check(claims)
        return claims

    def _check(self, claims: Claims) -> None:
        try:
            self._claims.validate(dict(claims))
        except ExpiredTokenError as error:
            raise InvalidCredential(EXPIRED) from error
        except MissingClaimError as error:
            missing = error.claim.replace(",", ", ")
            raise InvalidCredential(f"The token lacks a claim: {missing}.") from error
        except InvalidClaimError as error:
            message = CLAIM_FAULTS.get(error.claim, f"The claim {error.claim} is not valid.")
            raise InvalidCredential(message) from error


def _algorithm_and_key(token: str) -> tuple[str, str | None]:
    """The algorithm and the key id in the header of an unverified token.

    Raises InvalidCredential, also for a header that is not an object, on which joserfc would fail, and
    for extensions (`crit`), which are not supported."""
    part = token.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise InvalidCredential(MALFORMED) from error
    match header:
        case {"crit": _} | {"b64": _}:
            pass
        case {"alg": str(algorithm), "kid": str(kid)}:
            return algorithm, kid
        case {"alg": str(algorithm)} if "kid" not in header:
            return algorithm, None
    raise InvalidCredential(MALFORMED)
