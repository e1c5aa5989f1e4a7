"""The one place where an exception becomes an HTTP answer.

Every error leaves as a problem document (`lesson_app.schemas.problem`), whoever raised it.
"""

from collections.abc import Callable, Coroutine, Mapping
from http.client import responses as reason_phrases
from typing import Any

from fastapi import Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from fastapi.utils import is_body_allowed_for_status_code
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from lesson_app.core.constraints import Violation, violation
from lesson_app.core.contention import contention
from lesson_app.core.exceptions import (
    Busy,
    Conflict,
    FileTooLarge,
    Forbidden,
    InvalidField,
    MissingScope,
    NotAuthenticated,
    NotFound,
    NotReady,
    OutOfDate,
    ShopError,
    TooManyRequests,
    UnsupportedFileType,
)
from lesson_app.schemas.problem import FieldProblem, Problem

PROBLEM_MEDIA_TYPE = "application/problem+json"

type Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(),
        status_code=problem.status,
        headers=headers,
        media_type=PROBLEM_MEDIA_TYPE,
    )


def _problem_type(title: str) -> str:
    return "urn:problem-type:" + title.lower().replace(" ", "-")


def _headers(error: ShopError) -> dict[str, str] | None:
    """Say in HTTP's own words what a client can do about it."""
    match error:
        case NotAuthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case MissingScope():
            # RFC 6750, section 3.1.
            challenge = f'Bearer error="insufficient_scope", scope="{error.scope}"'
            return {"WWW-Authenticate": challenge}
        case TooManyRequests() | Busy():
            return {"Retry-After": str(error.retry_after)}
    return None


def answer_shop_error(status_code: int) -> Handler:
    """Make the handler that answers a kind of `ShopError` with `status_code`."""

    async def answer(request: Request, error: ShopError) -> Response:
        problem = Problem(
            type=_problem_type(error.title),
            title=error.title,
            status=status_code,
            detail=str(error),
        )
        if isinstance(error, InvalidField):
            kind = error.title.lower().replace(" ", "_")
            place: list[str | int] = [error.place, error.field]
            problem.errors = [FieldProblem(loc=place, msg=str(error), type=kind)]
        return _answer(problem, _headers(error))

    return answer


_answer_busy = answer_shop_error(status.HTTP_503_SERVICE_UNAVAILABLE)


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer what an endpoint raised on purpose, and the router's own 404 and 405."""
    if not is_body_allowed_for_status_code(error.status_code):
        return Response(status_code=error.status_code, headers=error.headers)
    title = reason_phrases.get(error.status_code, "Error")
    problem = Problem(title=title, status=error.status_code, detail=str(error.detail))
    headers = dict(error.headers or {})
    if error.status_code == status.HTTP_405_METHOD_NOT_ALLOWED:
        headers |= _allow(request)
    return _answer(problem, headers)


def _allow(request: Request) -> dict[str, str]:
    """Name all methods of an address (RFC 9110, 15.5.6). The router knows its first route only."""
    routes = list(iter_route_contexts(request.app.routes))
    reached = request.scope.get("route")
    path = next((route.path for route in routes if route.original_route is reached), None)
    if path is None:
        return {}
    methods = {method for route in routes if route.path == path for method in route.methods or ()}
    return {"Allow": ", ".join(sorted(methods))}


async def answer_invalid_request(request: Request, error: RequestValidationError) -> Response:
    """Say what is wrong with a request, without repeating what was sent."""
    title = "Invalid request"
    return _answer(
        Problem(
            type=_problem_type(title),
            title=title,
            status=status.HTTP_422_UNPROCESSABLE_CONTENT,
            detail="The request does not have the form that this address accepts; see errors.",
            errors=[FieldProblem.model_validate(one) for one in error.errors()],
        )
    )


async def answer_integrity_error(request: Request, error: IntegrityError) -> Response:
    """Answer a constraint that only the commit met: a conflict, or else our own mistake."""
    if violation(error) not in {Violation.UNIQUE, Violation.FOREIGN_KEY}:
        raise error
    return _answer(
        Problem(
            title="Conflict",
            status=status.HTTP_409_CONFLICT,
            detail="The request does not fit with what is stored.",
        )
    )


async def answer_contention(request: Request, error: DBAPIError) -> Response:
    """Answer a deadlock or a lock that was not to be had: try again. Else it is our own mistake."""
    if contention(error) is None:
        raise error
    return await _answer_busy(request, Busy())


async def answer_pool_timeout(request: Request, error: PoolTimeout) -> Response:
    """Answer that all connections of the pool were taken for too long: try again."""
    return await _answer_busy(request, Busy())


async def answer_unexpected_error(request: Request, error: Exception) -> Response:
    """Say that it is our fault and no more: the details are for the server's log.

    Starlette raises the exception again after this answer, and the access log takes it down.
    """
    return _answer(
        Problem(
            title="Internal Server Error",
            status=status.HTTP_500_INTERNAL_SERVER_ERROR,
            detail="Something went wrong on our side.",
            request_id=request.state.request_id,
        )
    )


EXCEPTION_HANDLERS: dict[int | type[Exception], Handler] = {
    NotAuthenticated: answer_shop_error(status.HTTP_401_UNAUTHORIZED),
    Forbidden: answer_shop_error(status.HTTP_403_FORBIDDEN),
    TooManyRequests: answer_shop_error(status.HTTP_429_TOO_MANY_REQUESTS),
    NotFound: answer_shop_error(status.HTTP_404_NOT_FOUND),
    Conflict: answer_shop_error(status.HTTP_409_CONFLICT),
    OutOfDate: answer_shop_error(status.HTTP_412_PRECONDITION_FAILED),
    FileTooLarge: answer_shop_error(status.HTTP_413_CONTENT_TOO_LARGE),
    UnsupportedFileType: answer_shop_error(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE),
    InvalidField: answer_shop_error(status.HTTP_422_UNPROCESSABLE_CONTENT),
    Busy: _answer_busy,
    NotReady: answer_shop_error(status.HTTP_503_SERVICE_UNAVAILABLE),
    # Starlette's class: FastAPI's own is a subclass that the router's 404 does not use.
    HTTPException: answer_http_exception,
    RequestValidationError: answer_invalid_request,
    IntegrityError: answer_integrity_error,
    DBAPIError: answer_contention,
    PoolTimeout: answer_pool_timeout,
    Exception: answer_unexpected_error,
}
