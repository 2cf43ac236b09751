"""Query parameters of uploads and downloads: none is ignored, and a mistyped one leads to the right name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.importing import Client, gate
from tests.support.paths import DATA
from tests.support.requests import execute

FOLDER = DATA / "files" / "31-mistyped-dry-run"
UNKNOWN = "The parameter {!r} is unknown. {}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imports")


@pytest.fixture
def client(world_url: str, folder: Path) -> Iterator[Client]:
    with gate(world_url, folder) as client:
        yield client


def test_a_mistyped_dry_run_imports_nothing(client: Client, world_url: str, folder: Path) -> None:
    """It used to import for real."""
    content = (FOLDER / "units.csv").read_bytes()
    response = client.http.post(
        f"{client.url}/imports", params={"name": "units.csv", "dryrun": "true"}, content=content
    )
    assert response.status_code == 400
    assert response.json() == {
        "code": "BAD_USER_INPUT",
        "message": UNKNOWN.format("dryrun", "Did you mean dryRun?"),
    }
    assert execute(world_url, "SELECT COUNT(*) FROM import_jobs") == [["(0,)"]]
    assert execute(world_url, "SELECT code FROM units_of_measure WHERE code = 'DRY'") == [[]]
    assert list(folder.iterdir()) == []


REFUSED = {
    ("POST", "/imports?dry_run=true"): UNKNOWN.format("dry_run", "Did you mean dryRun?"),
    ("POST", "/imports?DRYRUN=true"): UNKNOWN.format("DRYRUN", "Did you mean dryRun?"),
    ("POST", "/imports?polcy=atomic"): UNKNOWN.format("polcy", "Did you mean policy?"),
    ("POST", "/imports?%00"): UNKNOWN.format("\0", "Use "),
    ("POST", "/imports?dryRun=false&dryRun=true"): "The parameter `dryRun` occurs twice.",
    ("POST", "/imports?dryRun=True"): "`dryRun` must be true or false.",
    ("POST", "/imports?dryRun"): "`dryRun` must be true or false.",
    ("POST", "/imports?policy=all"): "`policy` must be per-order or atomic.",
    ("POST", "/imports?encoding="): "`encoding` must be a known encoding",
    ("GET", "/imports/1/refused?page=2"): UNKNOWN.format("page", "This address takes no parameters."),
    ("GET", "/exports?Format=csv"): UNKNOWN.format("Format", "Did you mean format?"),
    ("GET", "/exports?filters={}"): UNKNOWN.format("filters", "Did you mean filter?"),
    ("GET", "/exports?company=World"): UNKNOWN.format("company", "Use format, what, check or filter."),
    ("GET", f"/exports?{'x' * 500}=1"): UNKNOWN.format("x" * 40 + "...", "Use format, what, check or filter."),
    ("GET", "/exports?format=csv&format=csv"): "The parameter `format` occurs twice.",
    ("GET", "/exports?format=pdf"): "`format` must be fo-package, csv, xlsx, bc-json or jsonl.",
}  # fmt: skip


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_parameter_that_is_unknown_repeated_or_wrong_is_refused(client: Client) -> None:
    for (method, path), sentence in REFUSED.items():
        response = client.http.request(method, client.url + path, content=b"code\nX\n")
        assert (response.status_code, response.json()["code"]) == (400, "BAD_USER_INPUT"), path
        assert response.json()["message"].startswith(sentence), path


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "hint"), [("dryRun", " Put dryRun into the URL."), ("dryrun", ""), ("note", "")]
)
def test_a_field_of_a_form_that_is_not_a_file_is_refused(
    client: Client, field: str, hint: str
) -> None:
    """`curl -F dryRun=true -F file=@units.csv` must not import for real either."""
    response = client.http.post(
        f"{client.url}/imports", data={field: "true"}, files={"file": ("units.csv", b"code\nX\n")}
    )
    assert (response.status_code, response.json()["code"]) == (400, "BAD_REQUEST")
    message = f"The form has a field that is not a file: {field!r}.{hint}"
    assert response.json()["message"] == message


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/imports", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/exports", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/imports/1/refused", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/imports/1/nothing", 404, "NOT_FOUND"),
        ("GET", "/exports/1", 404, "NOT_FOUND"),
    ],
)
def test_an_unknown_path_or_method_is_refused_with_a_code(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    response = client.http.request(method, client.url + path)
    assert (response.status_code, response.json()["code"]) == (status, code)
