"""The OpenAPI document: readable operation ids, and errors described as they are sent."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from lesson_app.api.errors import PROBLEM_MEDIA_TYPE
from lesson_app.schemas.problem import Problem

type Responses = dict[int | str, dict[str, Any]]

_DESCRIPTIONS = {
    400: "The request cannot be read",
    401: "It is not known who asks: the token or the password is not good",
    403: "Who asks may not do this",
    404: "There is nothing with this id",
    409: "The request does not fit with what is stored",
    412: "The version that `If-Match` names is not the current one",
    413: "What was sent is too large",
    415: "The file is of a type that is not accepted",
    416: "The file has no such part",
    422: "The request is not valid",
    429: "This was asked for too often; `Retry-After` says when to try again",
    503: "The database is busy, and nothing was changed; `Retry-After` says when to try again",
}

_HEADERS = {
    401: {"WWW-Authenticate": "How to say who asks"},
    429: {"Retry-After": "After how many seconds to try again"},
    503: {"Retry-After": "After how many seconds to try again"},
}

_BODY_PROBLEMS = (400, 413)
"""What any operation that reads a body may answer, before its endpoint runs."""

ANY_PROBLEM: Responses = {"default": {"model": Problem, "description": "Any other problem"}}


def headers(described: Mapping[str, str], *, required: bool = True) -> dict[str, Any]:
    """Describe the headers of an answer: `responses={200: headers({"ETag": "The version"})}`."""
    return {
        "headers": {
            name: {"description": text, "required": required, "schema": {"type": "string"}}
            for name, text in described.items()
        }
    }


def problems(*status_codes: int) -> Responses:
    """Say in OpenAPI which problems an endpoint answers with: `responses=problems(...)`."""
    return {
        code: {
            "model": Problem,
            "description": _DESCRIPTIONS[code],
            **(headers(_HEADERS[code]) if code in _HEADERS else {}),
        }
        for code in status_codes
    }


API_PROBLEMS = problems(429, 503)
"""What any operation of the API may answer: there is a limit for each client, and a database."""


def operation_id(route: APIRoute) -> str:
    """Call an operation by the name of its function; generated clients use it for a method."""
    return route.name


class ShopAPI(FastAPI):
    """A FastAPI app whose OpenAPI document says of each error what is sent."""

    def openapi(self) -> dict[str, Any]:
        """Return FastAPI's document, with what is the same for all operations."""
        document = super().openapi()
        for path in document["paths"].values():
            for operation in path.values():
                _complete(operation)
        return document


def _complete(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "requestBody" in operation:
        for code in _BODY_PROBLEMS:
            content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            problem = {"description": _DESCRIPTIONS[code], "content": content}
            responses.setdefault(str(code), problem)
    for status, response in responses.items():
        content = response.get("content", {})
        if status >= "400":
            # FastAPI lists a response's `model` under the endpoint's own media type.
            for media_type in list(content):
                content[PROBLEM_MEDIA_TYPE] = content.pop(media_type)
