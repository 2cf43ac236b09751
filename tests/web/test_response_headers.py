"""Headers of requests and responses: ids, security, and what pages of other origins may send and read."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.settings import Settings
from gateway.web.response_headers import ResponseHeaders
from tests.support.databases import Templates
from tests.support.served import PATIENCE, Client, serving
from tests.support.world import load_world

SHOP = "https://shop.example"
HTML = "text/html"
GRAPHQL = "application/graphql-response+json"
NEW_ID = re.compile("[0-9a-f]{32}")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def web(all_templates: dict[str, Templates]) -> Iterator[Client]:
    """The gateway over the world on SQLite, for pages of the shop too."""
    url = all_templates["sqlite"].copy("world", load_world)
    with serving(Settings(database_url=url, cors_origins=SHOP)) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "stored"),
    [
        ("GET", "/graphql?query={__typename}", 200, "no-store"),
        ("GET", "/graphql", 400, "no-store"),
        ("DELETE", "/graphql", 405, "no-store"),
        ("OPTIONS", "/graphql", 204, "no-store"),
        ("GET", "/schema.graphql", 200, "no-store"),
        ("GET", "/exports", 200, "no-store"),
        ("GET", "/imports/1/refused", 404, "no-store"),
        ("POST", "/imports?nonsense=1", 400, "no-store"),
        ("GET", "/healthz", 200, "no-store"),
        ("HEAD", "/readyz", 200, "no-store"),
        ("GET", "/nothing", 404, "no-store"),
        ("GET", "/graphiql/favicon.svg", 200, None),
    ],
)
def test_every_response_has_security_headers_and_an_id(
    web: Client, method: str, path: str, status: int, stored: str | None
) -> None:
    headers = web.http.request(method, web.url + path).headers
    assert web.http.request(method, web.url + path).status_code == status
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert NEW_ID.fullmatch(headers["x-request-id"])
    assert stored is None or headers.get_list("cache-control") == [stored]
    assert "server" not in headers


def test_a_page_and_its_files_have_their_own_cache_headers(web: Client) -> None:
    page = web.http.get(web.url + "/graphql", headers={"accept": HTML})
    [name, *_] = re.findall(r"/graphiql/assets/[^\"]+", page.text)
    assert page.headers.get_list("cache-control") == ["no-cache"]
    asset = web.http.get(web.url + name)
    assert asset.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]


@pytest.mark.parametrize(
    ("sent", "is_kept"),
    [
        ("1", True),
        ("Root=1-5759e988-bd862e3fe1be46a994272793", True),
        ("req_7/3:a.b@c+d", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("two words", False),
        ('"quoted"', False),
        ("{json}", False),
        ("é", False),
    ],
)
def test_the_id_of_a_request_is_returned_if_it_is_safe_to_log(
    web: Client, sent: str, is_kept: bool
) -> None:
    headers = {"x-request-id": sent.encode()}
    answered = web.http.get(web.url + "/healthz", headers=headers).headers["x-request-id"]
    assert (answered == sent) == is_kept
    assert is_kept or NEW_ID.fullmatch(answered)


@pytest.mark.parametrize(
    ("sent", "is_kept"), [(TRACE, True), (TRACE.upper(), False), (TRACE + "-x", False), ("", False)]
)
def test_a_trace_is_returned_as_it_came(web: Client, sent: str, is_kept: bool) -> None:
    headers = web.http.get(web.url + "/healthz", headers={"traceparent": sent}).headers
    assert headers.get("traceparent") == (sent if is_kept else None)


def answer_to(web: Client, *lines: str) -> str:
    """What the gateway answers to a request with these lines."""
    host, port = web.url.removeprefix("http://").split(":")
    request = "\r\n".join(["GET /graphql?query={__typename} HTTP/1.1", *lines, "", ""])
    with closing(socket.create_connection((host, int(port)), timeout=PATIENCE)) as connection:
        connection.sendall(request.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.decode()


@pytest.mark.parametrize(
    "header",
    ["Host: localhost", "Company: World", "authorization: Bearer x", "Origin: null", "If-Match: *"],
)
def test_a_header_that_has_one_value_must_not_be_repeated(web: Client, header: str) -> None:
    host = [] if header.startswith("Host") else ["Host: localhost"]
    assert answer_to(web, *host, header, "Connection: close").startswith("HTTP/1.1 200 ")
    repeated = answer_to(web, *host, header, header.upper(), "Connection: close")
    assert repeated.startswith("HTTP/1.1 400 ")
    assert "is sent more than once" in repeated


def test_other_headers_may_be_repeated(web: Client) -> None:
    lines = ["Host: localhost", "Accept: */*", "Accept: text/html", "X-Forwarded-For: 1.2.3.4"]
    assert answer_to(web, *lines, lines[-1], "Connection: close").startswith("HTTP/1.1 200 ")


def preflight(client: Client, headers: str, method: str = "POST") -> httpx2.Response:
    fields = {
        "Origin": SHOP,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    return client.http.options(client.url + "/graphql", headers=fields)


def allowed(response: httpx2.Response) -> set[str]:
    names = response.headers["access-control-allow-headers"].lower().split(",")
    return {name.strip() for name in names}


@pytest.mark.parametrize(
    "headers",
    [
        "authorization,company,content-type,idempotency-key,if-match,traceparent,x-request-id",
        "apollographql-client-name, apollographql-client-version,authorization",
        "ApolloGraphQL-Anything",
        "apollo-require-preflight",
        "upload-offset,upload-complete",
        "",
    ],
)
def test_pages_may_send_the_usual_headers(web: Client, headers: str) -> None:
    response = preflight(web, headers)
    assert response.status_code == 200
    assert {name.strip().lower() for name in headers.split(",") if name} <= allowed(response)


@pytest.mark.parametrize(
    ("headers", "method"),
    [("x-unknown", "POST"), ("apollographql", "POST"), ("company,x-unknown", "POST"), ("", "PUT")],
)
def test_pages_may_not_send_others(web: Client, headers: str, method: str) -> None:
    response = preflight(web, headers, method)
    assert response.status_code == 400
    assert "x-unknown" not in allowed(response)


def test_a_deployment_chooses_the_methods_and_headers_of_pages() -> None:
    settings = Settings(cors_origins=SHOP, cors_methods="get", cors_headers="X-A, x-b-*")
    with serving(settings) as client:
        assert preflight(client, "x-a,x-b-c", "GET").status_code == 200
        assert preflight(client, "authorization", "GET").status_code == 400
        assert preflight(client, "x-a", "POST").status_code == 400
    with serving(Settings(cors_origins=SHOP, cors_headers="*")) as client:
        assert preflight(client, "x-anything").status_code == 200


def test_pages_may_read_ids_and_limits(web: Client) -> None:
    response = web.http.get(web.url + "/graphql?query={__typename}", headers={"origin": SHOP})
    exposed = response.headers["access-control-expose-headers"].split(", ")
    assert {"RateLimit", "Retry-After", "X-Request-Id"} <= set(exposed)
    assert response.headers["access-control-allow-origin"] == SHOP


def test_a_crash_is_answered_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def crash(_: Request) -> Response:
        raise RuntimeError("secret")

    routes, middleware = [Route("/crash", crash)], [Middleware(ResponseHeaders)]
    with serving(Settings(), app=Starlette(routes=routes, middleware=middleware)) as client:
        response = client.http.get(client.url + "/crash")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in response.text
    assert NEW_ID.fullmatch(response.headers["x-request-id"])
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("proxies", "client", "scheme"),
    [
        ("", "127.0.0.1", "http"),
        ("10.0.0.0/8", "127.0.0.1", "http"),
        ("127.0.0.1", "9.9.9.9", "https"),
        ("127.0.0.0/8, 9.9.9.9", "203.0.113.7", "https"),
    ],
)
def test_forwarded_headers_are_only_accepted_from_trusted_proxies(
    proxies: str, client: str, scheme: str
) -> None:
    async def show(request: Request) -> Response:
        assert request.client is not None
        return JSONResponse([request.client.host, request.url.scheme])

    forwarded = {"x-forwarded-for": "203.0.113.7, 9.9.9.9", "x-forwarded-proto": "https"}
    app = Starlette(routes=[Route("/", show)])
    with serving(Settings(trusted_proxies=proxies), app=app) as served:
        assert served.http.get(served.url, headers=forwarded).json() == [client, scheme]


@pytest.mark.parametrize("proxies", ["proxy.example", "10.0.0.0/33", "*", "10.0.0.1/8"])
def test_a_proxy_is_an_address_or_network(proxies: str) -> None:
    with pytest.raises(ValueError, match="no address or network"):
        Settings(trusted_proxies=proxies)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/graphql"),
        ("/graphiql", "/graphql"),
        ("/graphiql/", "/graphql"),
        ("/favicon.ico", "/graphiql/favicon.svg"),
        ("/graphql/?query={a}", "/graphql?query={a}"),
        ("/exports/", "/exports"),
        ("/healthz/", "/healthz"),
    ],
)
def test_addresses_that_people_try_are_redirected(web: Client, path: str, target: str) -> None:
    response = web.http.get(web.url + path)
    assert response.headers["location"].replace("%7B", "{").replace("%7D", "}") == target
    followed = web.http.get(web.url + path, follow_redirects=True, headers={"accept": HTML})
    assert followed.status_code in (200, 406)


def test_an_operation_sent_to_an_address_with_a_slash_is_run(web: Client) -> None:
    body = {"query": "{ __typename }"}
    response = web.http.post(web.url + "/graphql/", json=body, follow_redirects=True)
    assert response.json()["data"] == {"__typename": "Query"}


def test_no_redirect_leaves_the_host(web: Client) -> None:
    for path in ("//evil.example/", "//evil.example/graphql/", "/graphiql//evil.example/"):
        response = web.http.get(web.url + path)
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/graphql", "GET, HEAD, POST, OPTIONS"),
        ("/imports", "POST, OPTIONS"),
        ("/exports", "GET, HEAD, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_returns_the_methods(web: Client, path: str, methods: str) -> None:
    for method, status in (("OPTIONS", 204), ("PATCH", 405), ("TRACE", 405)):
        response = web.http.request(method, web.url + path)
        assert (response.status_code, response.headers["allow"]) == (status, methods)


def test_an_endpoint_of_graphql_refuses_methods_in_graphql(web: Client) -> None:
    response = web.http.put(web.url + "/graphql", headers={"accept": GRAPHQL})
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "METHOD_NOT_ALLOWED"}
