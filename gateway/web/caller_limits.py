"""The limits of each caller of the GraphQL endpoint, and the headers that state them.

The headers follow https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/."""

from collections.abc import Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.concurrency import Concurrency
from gateway.access.quotas import WINDOW, Quota, Quotas, RateLimited, payer_of
from gateway.web.credentials import caller_of
from gateway.web.graphql_responses import graphql_refusal

POLICY = "points"
"""The name of the policy that limits the points in a window."""

RETRY_AFTER = "1"
"""Seconds after which a caller with too many operations may try again."""


class CallerLimits:
    """Each of the two limits may be None."""

    def __init__(self, quotas: Quotas | None, concurrency: Concurrency | None) -> None:
        self.quotas = quotas
        self.concurrency = concurrency
        self._policies = ", ".join(_policies(quotas, concurrency))

    @property
    def is_empty(self) -> bool:
        return self.quotas is None and self.concurrency is None

    async def close(self) -> None:
        if self.quotas is not None:
            await self.quotas.close()

    async def response(
        self, request: Request, media_type: str, work: Coroutine[Any, Any, Response]
    ) -> Response:
        """The response that `work` gives once the caller may run another operation, or a refusal."""
        response = await self._response(_payer(request), media_type, work)
        response.headers["RateLimit-Policy"] = self._policies
        quota = self.quota_of(request)
        if quota is not None:
            response.headers["RateLimit"] = (
                f'"{POLICY}";r={quota.available};t={quota.reset_seconds}'
            )
        return response

    async def _response(
        self, payer: str, media_type: str, work: Coroutine[Any, Any, Response]
    ) -> Response:
        if self.concurrency is None:
            return await work
        try:
            running = await self.concurrency.enter(payer)
        except BaseException as error:
            work.close()
            if isinstance(error, RateLimited):
                again = {"Retry-After": RETRY_AFTER}
                return graphql_refusal(429, "RATE_LIMITED", str(error), media_type, again)
            raise
        try:
            return await work
        finally:
            self.concurrency.leave(running)

    def quota_of(self, request: Request) -> Quota | None:
        return None if self.quotas is None else self.quotas.of(_payer(request))


def _payer(request: Request) -> str:
    """Whose limits apply to a request."""
    client = request.client
    return payer_of(caller_of(request), "" if client is None else client.host)


def _policies(quotas: Quotas | None, concurrency: Concurrency | None) -> list[str]:
    policies = []
    if quotas is not None:
        policies.append(f'"{POLICY}";q={quotas.most};w={WINDOW}')
    if concurrency is not None:
        policies.append(f'"operations";q={concurrency.most};qu="concurrent-requests"')
    return policies
