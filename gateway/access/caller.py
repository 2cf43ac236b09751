"""The caller of a request: who it is, and what it may do and see."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.access.scopes import AccessScope, with_implied
from gateway.storage.scope import ScopeRequest


class Unauthenticated(Exception):
    """The request has no valid credential. The message says why, but nothing about other credentials."""


class InvalidCredential(Unauthenticated):
    """The request has a credential that is not valid. The message is ASCII without quotation marks, so that
    it can be part of a header."""


class ProviderUnavailable(Exception):
    """The keys of the OpenID provider have not been fetched yet, so no token can be verified."""


class MissingScope(Exception):
    """The caller lacks `scope`."""

    def __init__(self, scope: AccessScope, purpose: str) -> None:
        super().__init__(f"{purpose} needs the scope {scope}, which this credential does not have.")
        self.scope = scope


@dataclass(frozen=True)
class Caller:
    """`companies` and `customers` are ids; None stands for all. `scopes` includes implied ones."""

    name: str
    scopes: frozenset[AccessScope]
    companies: frozenset[str] | None = None
    customers: frozenset[str] | None = None
    credential: str | None = None
    """Identifies the credential: the id of a key, or the issuer and subject of a token."""

    def request_in(self, company: str | None) -> ScopeRequest:
        """The caller's request for this company, by name or id; None means the only company."""
        return ScopeRequest(
            company,
            self.companies,
            self.customers,
            self.name,
            AccessScope.REFERENCE_WRITE in self.scopes,
        )

    def require(self, scopes: Iterable[AccessScope], purpose: str) -> None:
        """Raises MissingScope for the first scope that the caller lacks. `purpose` begins the message,
        such as "The field createSalesOrder"."""
        for scope in scopes:
            if scope not in self.scopes:
                raise MissingScope(scope, purpose)


ANYONE = Caller("anyone", with_implied([AccessScope.ADMIN]))
"""Every caller while access is open."""
