"""The types of the administration of API keys."""

import datetime as dt

import strawberry

from gateway.access.scopes import SCOPES
from gateway.api.errors import UserError


@strawberry.type(
    description="A key of a client, without its secret, which is shown only when the key is created."
)
class ApiKey:
    id: strawberry.ID = strawberry.field(description="The GUID of the key.")
    name: str = strawberry.field(description="The name of the key, such as that of a partner.")
    prefix: str = strawberry.field(
        description="The first characters of the key, by which people recognise it."
    )
    scopes: list[str] = strawberry.field(
        description="What the key allows, such as `orders:read`, in alphabetical order."
    )
    is_limited_to_companies: bool = strawberry.field(
        description="Whether the key is valid for the companies in `companyIds` only."
    )
    company_ids: list[strawberry.ID] = strawberry.field(
        description="The companies that the key is limited to; empty if it is valid for all."
    )
    is_limited_to_customers: bool = strawberry.field(
        description="Whether the key is valid for the customers in `customerIds` only."
    )
    customer_ids: list[strawberry.ID] = strawberry.field(
        description="The customers that the key is limited to; empty if it is valid for all."
    )
    created_by: str | None = strawberry.field(
        description="The name of the credential that created the key. Null if it is not known."
    )
    created_date_time: dt.datetime = strawberry.field(
        description="The time at which the key was created."
    )
    expires_date_time: dt.datetime | None = strawberry.field(
        description="The time at which the key becomes invalid. Null if it does not."
    )
    revoked_date_time: dt.datetime | None = strawberry.field(
        description="The time at which the key was revoked. Null if it was not."
    )
    last_used_date_time: dt.datetime | None = strawberry.field(
        description="The time at which the key was last used, to the minute. Null if it never was."
    )


@strawberry.input(description="What a new key allows.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="What the key is for, such as the name of a partner.")
    scopes: list[str] = strawberry.field(
        description="What the key allows: " + ", ".join(f"`{scope}`" for scope in SCOPES) + "."
    )
    company: str | None = strawberry.field(
        description="The name or GUID of the company that the key is limited to. It defaults to the only"
        " one; without it, a key with the scope `admin` is valid for all companies of the caller.",
        default=None,
    )
    customers: list[str] | None = strawberry.field(
        description="The numbers of the customers that the key is limited to. It is valid for all by"
        " default.",
        default=None,
    )
    expires_date_time: dt.datetime | None = strawberry.field(
        description="The time at which the key becomes invalid. By default it stays valid.",
        default=None,
    )


@strawberry.type
class ApiKeyPayload:
    api_key: ApiKey | None = strawberry.field(
        description="The key after the mutation; null if it was refused.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        description="Every reason for a refusal; empty if there was none.", default_factory=list
    )


@strawberry.type
class NewKeyPayload(ApiKeyPayload):
    secret: str | None = strawberry.field(
        description="The key itself, which is shown only here; null if the mutation was refused or a dry"
        " run.",
        default=None,
    )


@strawberry.type(description="The result of `createApiKey`.")
class CreateApiKeyPayload(NewKeyPayload): ...


@strawberry.type(description="The result of `rotateApiKey`.")
class RotateApiKeyPayload(NewKeyPayload): ...


@strawberry.type(description="The result of `revokeApiKey`.")
class RevokeApiKeyPayload(ApiKeyPayload): ...
