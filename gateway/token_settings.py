"""The settings for JSON Web Tokens of an OpenID provider."""

from typing import Self

from pydantic import BaseModel, Field, field_validator, model_validator

from gateway.loopback import is_confidential

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""The possible algorithms of signatures. All use a private key that only the provider has."""


class TokenSettings(BaseModel):
    jwt_issuer: str = Field(
        "",
        description="The issuer of accepted tokens, exactly as in their claim `iss`, such as"
        " `https://login.example/realms/shop`. Without it, only keys are accepted.",
    )
    jwt_audience: str = Field(
        "",
        description="The names of this gateway in the claim `aud`, separated by commas. A token needs one of"
        " them.",
    )
    jwt_jwks_url: str = Field(
        "",
        description="Where the issuer publishes its keys. By default, the issuer's"
        " `/.well-known/openid-configuration` says so.",
    )
    jwt_algorithms: str = Field(
        ", ".join(ALGORITHMS),
        description="The accepted algorithms of signatures, separated by commas.",
    )
    jwt_require_nbf: bool = Field(
        default=True,
        description="Whether a token needs the claim `nbf`. Some providers leave it out.",
    )
    jwt_claim_scopes: str = Field(
        "scope",
        description="The claims that list scopes, separated by commas: a list, or text with spaces. A dot"
        " leads into a nested claim, such as `realm_access.roles`.",
    )
    jwt_claim_company: str = Field(
        "",
        description="The claim with the names or ids of the companies that a token is valid for; `*` stands"
        " for all. By default a token is valid for all.",
    )
    jwt_claim_customers: str = Field(
        "",
        description="The claim with the numbers of the customers that a token is valid for; `*` stands for"
        " all. By default a token is valid for all.",
    )

    @field_validator("jwt_algorithms")
    @classmethod
    def _check_algorithms(cls, algorithms: str) -> str:
        chosen = listed(algorithms)
        for algorithm in chosen:
            if algorithm not in ALGORITHMS:
                raise ValueError(
                    f"{algorithm} is not accepted. Choose from {', '.join(ALGORITHMS)}"
                )
        if not chosen:
            raise ValueError("Name at least one algorithm")
        return algorithms

    @field_validator("jwt_jwks_url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if url and not is_confidential(url):
            raise ValueError(f"{url} is not a URL that begins with https://")
        return url

    @model_validator(mode="after")
    def _check_issuer(self) -> Self:
        """Checked here, since only all settings together show whether the keys come from the issuer's
        address."""
        if not self.jwt_issuer:
            for name in ("jwt_audience", "jwt_jwks_url"):
                if getattr(self, name):
                    raise ValueError(
                        f"GATEWAY_{name.upper()} needs GATEWAY_JWT_ISSUER, which is not set"
                    )
        elif not self.jwt_audience:
            raise ValueError(
                "GATEWAY_JWT_ISSUER needs GATEWAY_JWT_AUDIENCE, which is not set: a token for another"
                " application would be accepted"
            )
        elif not self.jwt_jwks_url and not is_confidential(self.jwt_issuer):
            raise ValueError(
                f"GATEWAY_JWT_ISSUER: {self.jwt_issuer} is not a URL that begins with https://"
            )
        return self


def listed(text: str) -> list[str]:
    """The parts of a text that are separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
