"""Assembles the verification of the tokens of an OpenID provider."""

from gateway.access.authenticator import Tokens
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.token_settings import listed


def token_verifier(settings: Settings, database: Database) -> Tokens | None:
    """The verifier of tokens, or None if the settings have no issuer."""
    if not settings.jwt_issuer:
        return None
    # Only gateways with a provider wait for the import of their libraries.
    from gateway.access.claims import ClaimNames  # noqa: PLC0415
    from gateway.access.provider_documents import provider_client  # noqa: PLC0415
    from gateway.access.provider_keys import ProviderKeys  # noqa: PLC0415
    from gateway.access.tokens import TokenRules, TokenVerifier  # noqa: PLC0415

    client = provider_client(settings.jwt_jwks_url or settings.jwt_issuer)
    keys = ProviderKeys(settings.jwt_issuer, settings.jwt_jwks_url or None, client)
    rules = TokenRules(
        settings.jwt_issuer,
        listed(settings.jwt_audience),
        listed(settings.jwt_algorithms),
        ClaimNames(
            listed(settings.jwt_claim_scopes),
            settings.jwt_claim_company,
            settings.jwt_claim_customers,
        ),
        settings.jwt_require_nbf,
    )
    return TokenVerifier(database, keys, rules)
