"""JSON Web Tokens of an OpenID provider, with HTTP between the provider, the gateway and its
clients."""

import asyncio
import base64
import hmac
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from gateway.access.claims import claim
from gateway.access.provider_documents import ProviderFault, fetched, key_address
from gateway.access.provider_keys import ProviderKeys
from gateway.serve_access import with_access
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.openid_provider import AUDIENCE, DISCOVERY, OpenIdProvider, providing
from tests.support.other_company import OTHER, load_other
from tests.support.served import NO_CERTIFICATES, Client, serving, wait_until
from tests.support.world import COMPANY, load_world

VIEWER = "{ viewer { name scopes } }"
READ = "{ company { name } }"
CREATE = """mutation ($customer: String!) {
  createSalesOrder(input: {customer: {number: $customer}}) {
    salesOrder { createdBy lastModifiedBy } userErrors { code } } }"""


def settings(url: str, provider: str, **others: Any) -> Settings:
    return Settings(
        database_url=url,
        auth="required",
        jwt_issuer=provider,
        jwt_audience=f"other, {AUDIENCE}",
        jwt_algorithms="RS256, EdDSA",
        jwt_claim_scopes="scope, realm_access.roles",
        jwt_claim_company="companies",
        **others,
    )


@pytest.fixture(scope="module")
def world(all_templates: dict[str, Templates]) -> str:
    """World and Other on SQLite, since tokens do not depend on the database."""
    return all_templates["sqlite"].copy("world", load_world)


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with providing() as provider:
        yield provider


@pytest.fixture(scope="module")
def client(world: str, provider: OpenIdProvider) -> Iterator[Client]:
    with serving(settings(world, provider.url)) as client:
        yield client


def post(
    client: Client, token: str, query: str = VIEWER, company: str = COMPANY, **variables: Any
) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token}".encode(), "company": company.encode()}
    body = {"query": query, "variables": variables}
    return client.http.post(client.url + "/graphql", json=body, headers=headers)


def refusal(client: Client, token: str) -> str:
    """The reason for the refusal of a token, in the body and the header."""
    response = post(client, token)
    assert response.status_code == 401, response.text
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    header = response.headers["www-authenticate"]
    assert header.startswith('Bearer realm="sales orders", error="invalid_token", ')
    assert header.endswith(f' error_description="{error["message"]}"')
    return str(error["message"])


def encoded(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_a_valid_token_is_accepted_without_another_request_to_the_provider(
    client: Client, provider: OpenIdProvider, algorithm: str
) -> None:
    post(client, provider.token())
    before = provider.requests()
    tokens = [provider.token(algorithm, sub=f"subject {number}") for number in range(3)]
    names = [post(client, token).json()["data"]["viewer"]["name"] for token in tokens * 2]
    assert names == ["subject 0", "subject 1", "subject 2"] * 2
    assert provider.requests() == before
    assert before[DISCOVERY] > 0


@pytest.mark.parametrize(
    ("shift", "reason"),
    [
        ({"exp": -61}, "The token has expired."),
        ({"exp": -50}, None),
        ({"nbf": 75}, "The token is not valid yet."),
        ({"nbf": 50}, None),
        ({"iat": 75}, "The token was issued in the future."),
    ],
)
def test_clocks_may_differ_by_a_minute(
    client: Client, provider: OpenIdProvider, shift: dict[str, int], reason: str | None
) -> None:
    token = provider.token(**{name: int(time.time()) + by for name, by in shift.items()})
    if reason is None:
        assert post(client, token).status_code == 200
    else:
        assert refusal(client, token) == reason


def test_a_verified_token_is_refused_once_it_expires(
    client: Client, provider: OpenIdProvider
) -> None:
    token = provider.token(exp=int(time.time()) - 58)
    assert post(client, token).status_code == 200
    wait_until(lambda: post(client, token).status_code == 401)
    assert refusal(client, token) == "The token has expired."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "The token is from another issuer."),
        ({"aud": "payroll"}, "The token is for another audience."),
        ({"aud": []}, "The token is for another audience."),
        ({"aud": {"x": AUDIENCE}}, "The token is for another audience."),
        ({"exp": "tomorrow"}, "The claim exp is not valid."),
        ({"exp": True}, "The claim exp is not valid."),
        ({"sub": ""}, "The claim sub is not valid."),
        ({"sub": 7}, "The claim sub is not valid."),
        ({"sub": "x" * 101}, "The subject of the token must have 1 to 100 printable characters."),
        ({"sub": "a\nb"}, "The subject of the token must have 1 to 100 printable characters."),
        *(
            ({name: None}, f"The token lacks a claim: {name}.")
            for name in ("iss", "aud", "exp", "nbf", "sub")
        ),
        ({"exp": None, "aud": None}, "The token lacks a claim: aud, exp."),
    ],
)
def test_a_token_needs_its_claims(
    client: Client, provider: OpenIdProvider, changes: dict[str, Any], reason: str
) -> None:
    assert refusal(client, provider.token(**changes)) == reason


def test_one_of_several_audiences_is_enough(client: Client, provider: OpenIdProvider) -> None:
    for audience in (["payroll", AUDIENCE], "other"):
        assert post(client, provider.token(aud=audience)).status_code == 200


def test_a_token_of_another_signer_is_refused(client: Client, provider: OpenIdProvider) -> None:
    key = provider.key("RS256")
    public = RSAKey.import_key(key)
    thief = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": key["kid"]}
    claims = provider.claims(scope="admin")
    unsigned = f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}."
    hashed = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(claims)}"
    mac = hmac.digest(public.as_pem(private=False), hashed.encode(), "sha256")
    hashed += f".{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    token = provider.token()
    start, _, signature = token.rpartition(".")
    altered = f"{start.partition('.')[0]}.{encoded(claims)}.{signature}"
    unaccepted = "The token is not signed by an algorithm that the gateway accepts."
    assert {
        "none": refusal(client, unsigned),
        "none in capitals": refusal(
            client, f"{encoded({**header, 'alg': 'NONE'})}.{encoded(claims)}."
        ),
        "public key as secret": refusal(client, hashed),
        "algorithm not chosen": refusal(client, provider.token("ES256")),
        "thief": refusal(client, jwt.encode(header, claims, thief)),
        "key of the thief in the token": refusal(
            client, jwt.encode({**header, "jwk": thief.as_dict(private=False)}, claims, thief)
        ),
        "other claims": refusal(client, altered),
        "no signature": refusal(client, f"{start}."),
    } == {
        "none": unaccepted,
        "none in capitals": unaccepted,
        "public key as secret": unaccepted,
        "algorithm not chosen": unaccepted,
        "thief": "The signature of the token is wrong.",
        "key of the thief in the token": "The signature of the token is wrong.",
        "other claims": "The signature of the token is wrong.",
        "no signature": "The signature of the token is wrong.",
    }


@pytest.mark.parametrize(
    "header",
    [
        "[]",
        '["alg"]',
        "5",
        "{}",
        '{"alg": 5}',
        '{"alg": "RS256", "kid": 5}',
        '{"alg": "RS256", "crit": ["exp"], "exp": 1}',
        '{"alg": "RS256", "crit": 5}',
        '{"alg": "RS256", "b64": false}',
        "[" * 4000,
        "nonsense",
    ],
)
def test_a_token_with_a_bad_header_is_malformed(client: Client, header: str) -> None:
    assert refusal(client, f"{encoded(header)}.e30.AAAA") == "The token is malformed."


@pytest.mark.parametrize("token", ["a", "a.b.c", "..", "é.é.é", "a" * 10_000])
def test_nonsense_is_not_a_token(client: Client, token: str) -> None:
    assert refusal(client, token) == "The token is malformed."


def test_a_token_is_refused_if_any_of_its_characters_changes(
    client: Client, provider: OpenIdProvider
) -> None:
    for algorithm in ("RS256", "EdDSA"):
        token = provider.token(algorithm)
        for place in {*range(0, len(token), 17), len(token) - 1}:
            other = "B" if token[place] == "A" else "A"
            assert refusal(client, token[:place] + other + token[place + 1 :])
        assert refusal(client, token + "A")
        assert refusal(client, token[:-1])


def test_unknown_header_parameters_are_ignored(client: Client, provider: OpenIdProvider) -> None:
    claims = {"header": {"nonce": "x" * 600, "typ": "at+jwt"}}
    assert post(client, provider.token(**claims)).status_code == 200


def test_a_token_is_only_accepted_in_the_header_authorization(
    client: Client, provider: OpenIdProvider
) -> None:
    token = provider.token()
    url = client.url + "/graphql"
    places: list[dict[str, Any]] = [
        {"params": {"access_token": token}},
        {"headers": {"cookie": f"access_token={token}"}},
        {"headers": {"authorization": token}},
        {"headers": {"authorization": f"Basic {token}"}},
        {"json": {"query": READ, "access_token": token}},
    ]
    for place in places:
        response = client.http.post(url, **{"json": {"query": READ}, **place})
        assert response.status_code == 401
        assert "error=" not in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("changes", "scopes"),
    [
        ({"scope": "openid orders:export unknown"}, ["orders:export"]),
        ({"scope": ["orders:write", 5, None]}, ["orders:read", "orders:write"]),
        ({"scope": None, "realm_access": {"roles": ["orders:read"]}}, ["orders:read"]),
        ({"scope": None, "realm_access.roles": ["orders:export"]}, ["orders:export"]),
        ({"scope": "openid", "realm_access": ["orders:read"]}, []),
        ({"scope": None}, []),
        ({"scope": {"orders:read": True}}, []),
    ],
)
def test_claims_list_scopes(
    client: Client, provider: OpenIdProvider, changes: dict[str, Any], scopes: list[str]
) -> None:
    token = provider.token(**changes)
    assert post(client, token).json()["data"]["viewer"]["scopes"] == scopes
    answer = post(client, token, READ).json()
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert codes == ([] if "orders:read" in scopes else ["FORBIDDEN"])


@pytest.fixture(scope="module")
def limited(templates: Templates, provider: OpenIdProvider) -> Iterator[Client]:
    """A gateway over two companies, which both have a customer C1, on each database."""
    url = templates.copy("world", load_world)
    asyncio.run(load_other(url))
    mapped = settings(url, provider.url, jwt_claim_customers="shop.customers")
    with serving(mapped) as client:
        yield client


def customers_of(numbers: Any) -> dict[str, Any]:
    return {"shop": {"customers": numbers}}


@pytest.mark.parametrize(
    ("claims", "companies", "customers"),
    [
        (customers_of("*"), [OTHER, COMPANY], {}),
        (customers_of("*") | {"companies": COMPANY}, [COMPANY], {}),
        (customers_of("*") | {"companies": ["other", "Nobody", OTHER]}, [OTHER], {}),
        (customers_of("*") | {"companies": ["Nobody"]}, [], {}),
        (customers_of("*") | {"companies": []}, [], {}),
        (customers_of("*") | {"companies": None}, [], {}),
        (customers_of("c1"), [OTHER, COMPANY], {OTHER: ["C1"], COMPANY: ["C1"]}),
        (
            customers_of(["C1", "THEIRS", "IN-YEN", "gone", 7]) | {"companies": [COMPANY]},
            [COMPANY],
            {COMPANY: ["C1", "IN-YEN"]},
        ),
        ({}, [OTHER, COMPANY], {OTHER: [], COMPANY: []}),
        (customers_of([]), [OTHER, COMPANY], {OTHER: [], COMPANY: []}),
    ],
)
def test_claims_limit_a_token_to_companies_and_customers(
    limited: Client,
    provider: OpenIdProvider,
    claims: dict[str, Any],
    companies: list[str],
    customers: dict[str, list[str]],
) -> None:
    """A missing or empty claim allows nothing; `*` allows everything."""
    token = provider.token(**claims)
    seen = post(limited, token, "{ viewer { companies { name } isLimitedToCustomers } }").json()
    assert seen["data"]["viewer"] == {
        "companies": [{"name": name} for name in companies],
        "isLimitedToCustomers": bool(customers),
    }
    query = "{ viewer { customers { number } } customers { nodes { number } } }"
    for company in (COMPANY, OTHER):
        answer = post(limited, token, query, company).json()
        if company not in companies:
            assert answer["errors"][0]["extensions"]["code"] == "COMPANY_NOT_FOUND"
        elif customers:
            numbers = [{"number": number} for number in customers[company]]
            assert answer["data"] == {
                "viewer": {"customers": numbers},
                "customers": {"nodes": numbers},
            }


def test_a_token_for_other_customers_does_not_get_the_answer_to_an_earlier_one(
    limited: Client, provider: OpenIdProvider
) -> None:
    """Both are of the same subject and send the same idempotency key."""
    query = """mutation { createSalesOrder(idempotencyKey: "k", input: {customer: {number: "C1"}}) {
      salesOrder { id customer { number } } } }"""
    broad, narrow = (
        provider.token(scope="orders:write", companies=[COMPANY], **customers_of(numbers))
        for numbers in (["C1"], ["IN-YEN"])
    )
    first, second, other = (post(limited, token, query) for token in (broad, broad, narrow))
    assert first.json()["data"]["createSalesOrder"]["salesOrder"]["customer"] == {"number": "C1"}
    assert second.content == first.content
    assert [each["extensions"]["code"] for each in other.json()["errors"]] == [
        "IDEMPOTENCY_KEY_REUSED"
    ]
    assert "data" not in other.json()


def test_a_token_changes_only_the_orders_of_its_customers(
    limited: Client, provider: OpenIdProvider
) -> None:
    token = provider.token(scope="orders:write", companies=[COMPANY], **customers_of(["C1"]))
    first, second = (
        post(limited, token, CREATE, customer=each).json()["data"]["createSalesOrder"]
        for each in ("C1", "IN-YEN")
    )
    authors = {"createdBy": "ann@shop.example", "lastModifiedBy": "ann@shop.example"}
    assert first == {"salesOrder": authors, "userErrors": []}
    assert second == {"salesOrder": None, "userErrors": [{"code": "NOT_FOUND"}]}


def test_the_first_token_after_a_rotation_is_accepted_and_unknown_keys_are_sought_once_a_minute(
    world: str, provider: OpenIdProvider
) -> None:
    with serving(settings(world, provider.url)) as client:
        assert post(client, provider.token()).status_code == 200
        before = provider.requests()
        provider.rotate()
        assert post(client, provider.token(sub="new")).status_code == 200
        unknown = "The token is signed by a key that the provider does not publish."
        assert refusal(client, provider.token(is_former=True, sub="old")) == unknown
        forged = [
            provider.token(header={"kid": f"k{number}"}, sub=f"{number}") for number in range(40)
        ]
        with ThreadPoolExecutor(8) as pool:
            refusals = list(pool.map(lambda token: refusal(client, token), forged))
        assert refusals == [unknown] * 40
        assert provider.requests() == {**before, "/keys": before["/keys"] + 1}


def test_a_token_without_a_key_id_is_verified_by_the_only_key_that_fits(
    client: Client, provider: OpenIdProvider
) -> None:
    wait_until(lambda: post(client, provider.token()).status_code == 200)
    assert post(client, provider.token(header={"kid": None})).status_code == 200


@pytest.mark.anyio
async def test_a_key_that_is_unknown_too_soon_is_sought_as_soon_as_it_may_be(
    provider: OpenIdProvider,
) -> None:
    client = httpx2.AsyncClient(verify=NO_CERTIFICATES)
    keys = ProviderKeys(provider.url, None, client, seek_interval=0.5)
    keys.start()
    assert await keys.find(provider.key("RS256")["kid"], "RS256")
    assert await keys.find("unknown", "RS256") is None
    provider.rotate()
    kid, before = provider.key("RS256")["kid"], provider.requests()["/keys"]
    await keys.find(kid, "RS256")
    await asyncio.to_thread(wait_until, lambda: provider.requests()["/keys"] > before)
    assert await keys.find(kid, "RS256")
    await keys.close()


def test_the_gateway_serves_while_the_provider_is_down_and_accepts_tokens_once_it_is_up(
    world: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    issuer = f"http://127.0.0.1:{port}"
    header = encoded({"alg": "RS256", "kid": "x"})
    with serving(settings(world, issuer)) as client:
        assert client.http.get(client.url + "/readyz").status_code == 200
        early = post(client, f"{header}.e30.AAAA")
        assert early.status_code == 503
        assert early.headers["retry-after"] == "5"
        assert early.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        with providing(port) as provider:
            token = provider.token()
            wait_until(lambda: post(client, token).status_code == 200)
            later = provider.token(sub="later")
        assert post(client, later).status_code == 200
    reason = f"{issuer}{DISCOVERY} cannot be reached (ConnectError)"
    assert f"the keys of {issuer} cannot be fetched: {reason}; next attempt in 1 s" in caplog.text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/moved", "answers 302"),
        ("/huge", "has more than 500,000 bytes"),
        ("/else", "is not a JSON object"),
    ],
)
async def test_a_document_of_the_provider_is_refused(
    provider: OpenIdProvider, path: str, reason: str
) -> None:
    async with httpx2.AsyncClient(verify=NO_CERTIFICATES) as client:
        with pytest.raises(ProviderFault) as fault:
            await fetched(client, provider.url + path)
    assert str(fault.value) == f"{provider.url}{path} {reason}"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("issuer", "reason"),
    [
        ("/insecure", "has no https address in jwks_uri"),
        ("/other", "which GATEWAY_JWT_ISSUER must equal exactly"),
    ],
)
async def test_an_issuer_must_name_itself_and_a_safe_address(
    provider: OpenIdProvider, issuer: str, reason: str
) -> None:
    async with httpx2.AsyncClient(verify=NO_CERTIFICATES) as client:
        with pytest.raises(ProviderFault, match=reason):
            await key_address(client, provider.url + issuer)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"jwt_issuer": ""}, "GATEWAY_JWT_AUDIENCE needs GATEWAY_JWT_ISSUER"),
        ({"jwt_audience": ""}, "GATEWAY_JWT_ISSUER needs GATEWAY_JWT_AUDIENCE"),
        ({"jwt_issuer": "http://login.example"}, "is not a URL that begins with https://"),
        ({"jwt_issuer": "login"}, "is not a URL that begins with https://"),
        ({"jwt_jwks_url": "http://10.0.0.1/keys"}, "is not a URL that begins with https://"),
        ({"jwt_algorithms": "RS256, none"}, "none is not accepted"),
        ({"jwt_algorithms": "HS256"}, "HS256 is not accepted"),
        ({"jwt_algorithms": " "}, "Name at least one algorithm"),
    ],
)
def test_unsafe_settings_of_tokens_are_refused(changes: dict[str, str], reason: str) -> None:
    usual = {"jwt_issuer": "https://login.example", "jwt_audience": AUDIENCE}
    with pytest.raises(ValueError, match=reason):
        Settings.model_validate({**usual, **changes})


def test_a_gateway_with_a_provider_requires_credentials_on_loopback_too() -> None:
    usual = Settings(jwt_issuer="https://login.example", jwt_audience=AUDIENCE)
    assert with_access(usual, "127.0.0.1").auth == "required"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scope", "a"),
        ("realm.roles", ["b"]),
        ("https://shop.example/scopes", "c"),
        ("deep.er.est", 1),
        ("realm.nothing", None),
        ("scope.a", None),
    ],
)
def test_a_dot_leads_into_a_claim_unless_it_is_part_of_a_name(name: str, value: Any) -> None:
    claims = {
        "scope": "a",
        "realm": {"roles": ["b"]},
        "https://shop.example/scopes": "c",
        "deep.er": {"est": 1},
    }
    assert claim(claims, name) == value
