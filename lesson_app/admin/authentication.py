"""Logging in to the admin pages: with the accounts, passwords and limits of the API.

The session is a cookie with an access token of the scope `admin` in it. So it ends when the
account is deactivated, loses its role or changes its password, and by logging out.
"""

from datetime import timedelta

from pydantic import ValidationError
from sqladmin.authentication import AuthenticationBackend
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette import status
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse
from structlog.contextvars import bind_contextvars

from lesson_app.config import Settings
from lesson_app.core.exceptions import Busy, InvalidToken, TooManyRequests, WrongCredentials
from lesson_app.core.origins import may_connect
from lesson_app.core.passwords import Passwords
from lesson_app.core.rate_limits import RateLimits, network_of
from lesson_app.core.scopes import Scope
from lesson_app.crud import refresh_token as token_crud
from lesson_app.models import RefreshToken, email_key
from lesson_app.schemas.auth import LoginForm
from lesson_app.services import logins
from lesson_app.services.logins import Caller, TokenPair

COOKIE = "shop_admin"
PATH = "/admin"

SESSION = timedelta(hours=8)
"""A working day: the pages have no way to renew a token."""

READING = frozenset({"GET", "HEAD"})


class ShopAuthentication(AuthenticationBackend):
    """Lets administrators in.

    Args:
        settings: those of the shop.
    """

    def __init__(self, settings: Settings) -> None:
        # Not that of the base class, which keeps a session of its own kind.
        self.middlewares = []
        self._settings = settings.model_copy(update={"access_token_lifetime": SESSION})

    async def login(self, request: Request) -> RedirectResponse | bool:
        """Start a session, or return False: "Invalid credentials", whatever is wrong."""
        async with request.form() as form:
            fields = {name: form.get(name) for name in ("username", "password")}
        try:
            # By the rules of the API: no database stores every character, or compares with it.
            sent = LoginForm.model_validate(fields)
        except ValidationError:
            return False
        try:
            pair = await self._log_in(request, sent.username, sent.password.get_secret_value())
        except WrongCredentials:
            return False
        except TooManyRequests as error:
            # This one the pages show as a page.
            raise HTTPException(status.HTTP_429_TOO_MANY_REQUESTS, str(error)) from error
        except Busy as error:
            raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, str(error)) from error
        response = RedirectResponse(request.url_for("admin:index"), status.HTTP_303_SEE_OTHER)
        response.set_cookie(
            COOKIE,
            pair.access_token,
            max_age=int(SESSION.total_seconds()),
            path=PATH,
            httponly=True,
            # No other site can send it, so none can act as its owner.
            samesite="strict",
            secure=self._settings.environment == "production",
        )
        return response

    async def _log_in(self, request: Request, email: str, password: str) -> TokenPair:
        limits: RateLimits = request.state.rate_limits
        passwords: Passwords = request.state.passwords
        # The same counts as those of the API: there is one door, with two handles.
        client = network_of(request.client.host if request.client else None)
        account = ("account", email_key(email))
        await limits.count(self._settings.login_rate_limit, "login", client)
        await limits.count(self._settings.account_rate_limit, *account)
        async with _session(request) as session:
            pair = await logins.log_in(
                session,
                self._settings,
                passwords,
                email=email,
                password=password,
                scopes=frozenset({Scope.ADMIN}),
            )
            # A user of another role gets a login that may do nothing. It is not committed.
            if Scope.ADMIN not in pair.scopes:
                raise WrongCredentials
            await session.commit()
        await limits.forget(self._settings.account_rate_limit, *account)
        return pair

    async def logout(self, request: Request) -> RedirectResponse:
        """End the session, in the browser and in the database."""
        async with _session(request) as session:
            if caller := await self._find_caller(request, session):
                which = RefreshToken.family_id == caller.login_id
                await token_crud.revoke_tokens(session, which)
                await session.commit()
        response = RedirectResponse(request.url_for("admin:login"), status.HTTP_303_SEE_OTHER)
        response.delete_cookie(COOKIE, path=PATH)
        return response

    async def authenticate(self, request: Request) -> bool:
        """Say whether this request may see an admin page.

        Raises:
            HTTPException: a page of another origin asks for a change.
        """
        headers = request.headers
        # A page of another port or subdomain is of the same site, for a cookie.
        if request.method not in READING and not may_connect(
            headers.get("origin"), headers.get("host"), []
        ):
            raise HTTPException(status.HTTP_403_FORBIDDEN, "This origin may not change anything.")
        async with _session(request) as session:
            caller = await self._find_caller(request, session)
        if caller is None:
            return False
        bind_contextvars(user_id=caller.user.id)
        return True

    async def _find_caller(self, request: Request, session: AsyncSession) -> Caller | None:
        try:
            token = request.cookies.get(COOKIE, "")
            caller = await logins.identify(session, self._settings, token)
        except InvalidToken:
            return None
        return caller if caller.is_admin else None


def _session(request: Request) -> AsyncSession:
    sessions: async_sessionmaker[AsyncSession] = request.state.sessions
    return sessions()
