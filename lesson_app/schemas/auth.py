"""What a client sends and receives to log in and to stay logged in.

Tokens keep the names that OAuth 2.0 gives them (RFC 6749), so that any client knows them.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from lesson_app.schemas.fields import SecretText
from lesson_app.schemas.user import Password


class LoginForm(BaseModel):
    """The form of OAuth 2.0's password grant, which the button Authorize of /docs sends."""

    grant_type: Literal["password"] = "password"
    # No control characters: PostgreSQL refuses one of them even in a comparison.
    username: Annotated[
        str,
        Field(
            min_length=1,
            max_length=254,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="The email address of the account.",
        ),
    ]
    password: Password
    scope: Annotated[
        str,
        Field(max_length=200, description="What to ask for, such as `shop`; if empty, everything."),
    ] = ""


class RefreshRequest(BaseModel):
    """A refresh token."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: Annotated[SecretText, Field(min_length=1, max_length=200)]


class TokensOut(BaseModel):
    """An access token, and the refresh token to get the next one with."""

    access_token: str = Field(description="To send as `Authorization: Bearer …`.")
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="How many seconds the access token is good.")
    refresh_token: str = Field(description="Good for one exchange. Keep it safe.")
    scope: str = Field(description="What the tokens allow, with spaces between.")


class TicketOut(BaseModel):
    """A ticket for opening one WebSocket."""

    ticket: str = Field(description="To send as `?ticket=…` in the address of the WebSocket.")
    expires_in: int = Field(description="How many seconds the ticket is good.")
