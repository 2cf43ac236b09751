"""Fetches the documents of an OpenID provider, with limits on size and time."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from gateway.loopback import is_confidential, is_loopback

FETCHED_WITHIN = 5
"""Seconds within which a document must arrive."""

LARGEST = 500_000
"""Bytes of a document."""

HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
DISCOVERY = "/.well-known/openid-configuration"


class ProviderFault(Exception):
    """A provider publishes an invalid document, or none. The message is part of a sentence for the
    operator."""


def provider_client(address: str) -> httpx2.AsyncClient:
    """A client for the provider at an address. It uses the proxy of the environment, except on this
    machine."""
    return httpx2.AsyncClient(trust_env=not is_loopback(urlsplit(address).hostname or ""))


async def key_address(client: httpx2.AsyncClient, issuer: str) -> str:
    """The address of the keys in the issuer's configuration. Raises ProviderFault."""
    address = issuer.rstrip("/") + DISCOVERY
    document = await fetched(client, address)
    if document.get("issuer") != issuer:
        raise ProviderFault(
            f"{address} names the issuer {document.get('issuer')!r:.200}, which GATEWAY_JWT_ISSUER must"
            " equal exactly"
        )
    keys = document.get("jwks_uri")
    if not isinstance(keys, str) or not is_confidential(keys):
        raise ProviderFault(f"{address} has no https address in jwks_uri")
    return keys


async def fetched(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    """The JSON object at an address. Redirects are not followed. Raises ProviderFault."""
    try:
        async with asyncio.timeout(FETCHED_WITHIN):
            document = orjson.loads(await _body(client, address))
    except TimeoutError as error:
        raise ProviderFault(f"{address} does not answer within {FETCHED_WITHIN} s") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ProviderFault(f"{address} cannot be reached ({type(error).__name__})") from error
    except ValueError as error:
        raise ProviderFault(f"{address} is not JSON") from error
    if not isinstance(document, dict):
        raise ProviderFault(f"{address} is not a JSON object")
    return document


async def _body(client: httpx2.AsyncClient, address: str) -> bytes:
    """The body without decompression, so that its size is limited."""
    body = bytearray()
    async with client.stream("GET", address, headers=HEADERS) as response:
        if response.status_code != httpx2.codes.OK:
            raise ProviderFault(f"{address} answers {response.status_code}")
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > LARGEST:
                raise ProviderFault(f"{address} has more than {LARGEST:,} bytes")
    return bytes(body)
