"""Opening an account, logging in, staying logged in, logging out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, status

from lesson_app.api.openapi import problems
from lesson_app.config import Settings
from lesson_app.core.rate_limits import network_of
from lesson_app.dependencies import (
    CallerDep,
    EmptyOutbox,
    PasswordsDep,
    RateLimitsDep,
    SessionDep,
    SettingsDep,
)
from lesson_app.models import email_key
from lesson_app.schemas.auth import LoginForm, RefreshRequest, TokensOut
from lesson_app.schemas.user import PasswordChange, Registration, UserOut
from lesson_app.services import accounts, logins
from lesson_app.services.logins import TokenPair

router = APIRouter(
    prefix="/auth",
    tags=["auth"],
    responses=problems(status.HTTP_422_UNPROCESSABLE_CONTENT),
)


def _client(request: Request) -> str:
    return network_of(request.client.host if request.client else None)


def _tokens_out(pair: TokenPair, settings: Settings, response: Response) -> TokensOut:
    # Nobody on the way may keep a copy (RFC 6749, section 5.1).
    response.headers["Cache-Control"] = "no-store"
    return TokensOut(
        access_token=pair.access_token,
        expires_in=int(settings.access_token_lifetime.total_seconds()),
        refresh_token=pair.refresh_token,
        scope=" ".join(sorted(pair.scopes)),
    )


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    dependencies=[EmptyOutbox],
    responses=problems(status.HTTP_409_CONFLICT),
)
async def register(
    data: Registration,
    session: SessionDep,
    settings: SettingsDep,
    passwords: PasswordsDep,
    limits: RateLimitsDep,
    request: Request,
) -> UserOut:
    """Open an account.

    A 409 tells that an address has an account. A shop that must not tell sends a mail instead.
    """
    await limits.count(settings.register_rate_limit, "register", _client(request))
    user = await accounts.register(
        session,
        passwords,
        email=data.email,
        display_name=data.display_name,
        password=data.password.get_secret_value(),
    )
    return UserOut.model_validate(user)


@router.post("/login", responses=problems(status.HTTP_401_UNAUTHORIZED))
async def log_in(
    form: Annotated[LoginForm, Form()],
    session: SessionDep,
    settings: SettingsDep,
    passwords: PasswordsDep,
    limits: RateLimitsDep,
    request: Request,
    response: Response,
) -> TokensOut:
    """Exchange an email address and a password for tokens.

    Counted by client, so that nobody tries many accounts, and by account, so that nobody tries
    one from many addresses. A login that succeeds clears the account's count.
    """
    account = ("account", email_key(form.username))
    await limits.count(settings.login_rate_limit, "login", _client(request))
    await limits.count(settings.account_rate_limit, *account)
    pair = await logins.log_in(
        session,
        settings,
        passwords,
        email=form.username,
        password=form.password.get_secret_value(),
        scopes=frozenset(form.scope.split()),
    )
    await limits.forget(settings.account_rate_limit, *account)
    return _tokens_out(pair, settings, response)


@router.post("/refresh", responses=problems(status.HTTP_401_UNAUTHORIZED))
async def refresh(
    data: RefreshRequest, session: SessionDep, settings: SettingsDep, response: Response
) -> TokensOut:
    """Exchange a refresh token for new tokens. It is good once: a second use ends the login.

    So a client sends one refresh at a time and keeps what comes back.
    """
    pair = await logins.refresh(session, settings, data.refresh_token.get_secret_value())
    return _tokens_out(pair, settings, response)


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
async def log_out(data: RefreshRequest, session: SessionDep) -> None:
    """End the login that a refresh token belongs to; its access tokens end too.

    It works after the access token has expired. An unknown token is answered in the same way.
    """
    await logins.log_out(session, data.refresh_token.get_secret_value())


@router.post(
    "/logout-everywhere",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN),
)
async def log_out_everywhere(caller: CallerDep, session: SessionDep) -> None:
    """End every login of the user, on every device."""
    await logins.log_out_everywhere(session, caller.user.id)


@router.post(
    "/password", responses=problems(status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN)
)
async def change_password(
    data: PasswordChange,
    caller: CallerDep,
    session: SessionDep,
    settings: SettingsDep,
    passwords: PasswordsDep,
    limits: RateLimitsDep,
    response: Response,
) -> TokensOut:
    """Set a new password. Every login ends; the answer holds the tokens of a new one."""
    # A stolen access token must not become a way to try passwords.
    account = ("account", caller.user.email_key)
    await limits.count(settings.account_rate_limit, *account)
    pair = await accounts.change_password(
        session,
        settings,
        passwords,
        caller,
        current_password=data.current_password.get_secret_value(),
        new_password=data.new_password.get_secret_value(),
    )
    await limits.forget(settings.account_rate_limit, *account)
    return _tokens_out(pair, settings, response)
