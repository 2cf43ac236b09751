"""Turns the claims of a token into its caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.access.caller import Caller, InvalidCredential
from gateway.access.scopes import AccessScope, with_implied
from gateway.storage.companies import customer_ids, list_companies
from gateway.storage.database import Database
from gateway.storage.tables.api_keys import ApiKeyRow
from gateway.storage.tables.column_types import canonical_guid, clean, is_printable
from gateway.storage.tables.model_columns import text_lengths

Claims = Mapping[str, Any]
ALL = "*"
"""All companies or customers, in a claim."""

LONGEST_SUBJECT = text_lengths(ApiKeyRow)["created_by"]


@dataclass(frozen=True)
class ClaimNames:
    """The claims with the scopes, companies and customers of a token; an empty name stands for no limit."""

    scopes: Sequence[str]
    company: str = ""
    customers: str = ""


async def caller_from(database: Database, claims: Claims, names: ClaimNames) -> Caller:
    """The caller with a verified token that has these claims.

    Unknown scopes, companies and customers are ignored. Raises InvalidCredential, and the errors of a
    read."""
    texts = (text for name in names.scopes for text in _texts(claims, name))
    allowed = {scope for text in texts for scope in text.split()}
    companies = await _companies(database, claims, names.company)
    customers = await _customers(database, claims, names.customers, companies)
    subject = _subject(claims)
    return Caller(
        subject,
        with_implied(scope for scope in AccessScope if scope in allowed),
        companies,
        customers,
        f"{claims['iss']} {subject}",
    )


def claim(claims: Claims, name: str) -> Any:
    """The value of a claim, or None. A dot leads into a nested claim, unless it is part of a name, as in
    `https://orders.example/scopes`."""
    if name in claims:
        return claims[name]
    for place, sign in enumerate(name):
        inner = claims.get(name[:place]) if sign == "." else None
        if isinstance(inner, Mapping) and (value := claim(inner, name[place + 1 :])) is not None:
            return value
    return None


def _texts(claims: Claims, name: str) -> list[str]:
    """The texts and whole numbers in a claim, which is a list or a single value."""
    value = claim(claims, name)
    values = value if isinstance(value, list) else [value]
    return [str(each) for each in values if type(each) in (str, int)]


def _subject(claims: Claims) -> str:
    subject = clean(claims["sub"])
    if not 0 < len(subject) <= LONGEST_SUBJECT or not is_printable(subject):
        raise InvalidCredential(
            f"The subject of the token must have 1 to {LONGEST_SUBJECT} printable characters."
        )
    return subject


async def _companies(database: Database, claims: Claims, name: str) -> frozenset[str] | None:
    """The ids of the companies in the claim `name`; None means all."""
    named = set(_texts(claims, name)) if name else {ALL}
    if ALL in named:
        return None
    ids = {canonical_guid(each) for each in named}
    there = await list_companies(database)
    return frozenset(each.id for each in there if each.name in named or each.id in ids)


async def _customers(
    database: Database, claims: Claims, name: str, companies: frozenset[str] | None
) -> frozenset[str] | None:
    """The ids of the customers in the claim `name`, in all of the companies; None means all."""
    numbers = _texts(claims, name) if name else [ALL]
    if ALL in numbers:
        return None
    if companies is None:
        companies = frozenset(each.id for each in await list_companies(database))
    result = [await customer_ids(database, each, numbers) for each in sorted(companies)]
    return frozenset(key for ids in result for key in ids.values())
