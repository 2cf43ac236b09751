"""An OpenID provider in a separate process, which publishes its keys, signs any claims, and counts
requests."""

import json
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.support.processes import FORKS
from tests.support.served import NO_CERTIFICATES, PATIENCE

AUDIENCE = "sales-orders"
HUGE = 1_000_000
DISCOVERY = "/.well-known/openid-configuration"


class _Keys:
    """The private keys by algorithm, each with its own id; a rotation replaces all of them."""

    def __init__(self) -> None:
        self.made = 0
        self.current: dict[str, Key] = {}
        self.former: dict[str, Key] = {}
        self.rotate()

    def rotate(self) -> None:
        self.made += 1
        use: Any = {"use": "sig"}
        self.former = self.current
        self.current = {
            "RS256": RSAKey.generate_key(2048, {**use, "alg": "RS256", "kid": f"rsa-{self.made}"}),
            "EdDSA": OKPKey.generate_key("Ed25519", {**use, "kid": f"ed-{self.made}"}),
            "ES256": ECKey.generate_key("P-256", {**use, "kid": f"ec-{self.made}"}),
        }

    def published(self) -> list[Any]:
        odd = [{"kty": "ML-DSA", "kid": "new"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, 5]
        return [*odd, *(key.as_dict(private=False) for key in self.current.values())]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.keys = _Keys()
        self.requests: Counter[str] = Counter()


class _Answers(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        server = self.server
        server.requests[self.path] += 1
        issuer, well_known = self.path.split("/.well-known")[0], self.path.endswith("configuration")
        if self.path == "/requests":
            self._answer(dict(server.requests))
        elif self.path in ("/keys", "/public"):
            self._answer({"keys": server.keys.published()})
        elif self.path == "/moved":
            self._answer({}, 302, {"Location": "/keys"})
        elif self.path == "/huge":
            self._answer({"keys": "x" * HUGE})
        elif well_known:
            keys = "http://keys.example/keys" if issuer == "/insecure" else f"{server.url}/keys"
            named = server.url + ("/" if issuer == "/other" else "") + issuer
            self._answer({"issuer": named, "jwks_uri": keys})
        else:
            self._answer(["nothing"])

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        keys = self.server.keys
        if self.path == "/rotate":
            keys.rotate()
            self._answer({})
        else:
            key = (keys.former if sent["is_former"] else keys.current)[sent["key"]]
            header = {"alg": sent["key"], "kid": key.kid, **sent["header"]}
            header = {name: value for name, value in header.items() if value is not None}
            any_header = JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
            self._answer({"token": jwt.encode(header, sent["claims"], key, registry=any_header)})

    def _answer(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def _provide(port: int, ready: Connection) -> None:
    warnings.simplefilter("ignore")
    server = _Server(port)
    ready.send(server.url)
    server.serve_forever()


@dataclass(frozen=True)
class OpenIdProvider:
    """The provider whose issuer is `url`."""

    url: str
    http: httpx2.Client

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a token that is valid for a while and may run queries, with these changes. None
        removes a claim."""
        now = int(time.time())
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ann@shop.example",
            "scope": "orders:read",
        }
        claims = usual | {"nbf": now, "iat": now, "exp": now + 300, "companies": "*"} | changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        key: str = "RS256",
        header: dict[str, Any] | None = None,
        *,
        is_former: bool = False,
        **changes: Any,
    ) -> str:
        """A token with `claims(**changes)`, signed by the key for an algorithm, or by the one before the
        last rotation."""
        wanted = {"key": key, "header": header or {}, "is_former": is_former}
        answer = self.http.post(
            self.url + "/sign", json={**wanted, "claims": self.claims(**changes)}
        )
        return str(answer.json()["token"])

    def rotate(self) -> None:
        self.http.post(self.url + "/rotate", json={})

    def key(self, algorithm: str) -> dict[str, Any]:
        """The public key for an algorithm."""
        keys = self.http.get(self.url + "/public").json()["keys"][3:]
        return dict(zip(("RS256", "EdDSA", "ES256"), keys, strict=True))[algorithm]

    def requests(self) -> dict[str, int]:
        """The number of requests for the documents of the provider, by path."""
        counted = self.http.get(self.url + "/requests").json()
        return {path: counted.get(path, 0) for path in ("/keys", DISCOVERY)}


@contextmanager
def providing(port: int = 0) -> Iterator[OpenIdProvider]:
    ours, theirs = FORKS.Pipe()
    process = FORKS.Process(target=_provide, args=(port, theirs), daemon=True)
    process.start()
    try:
        assert ours.poll(PATIENCE), "the provider did not start"
        with httpx2.Client(timeout=PATIENCE, verify=NO_CERTIFICATES, trust_env=False) as http:
            yield OpenIdProvider(ours.recv(), http)
    finally:
        process.kill()
        process.join(PATIENCE)
        ours.close()
        theirs.close()
