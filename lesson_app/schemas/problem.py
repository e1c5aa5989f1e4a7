"""The one shape of every error: a problem document.

Source: RFC 9457, "Problem Details for HTTP APIs".
"""

from pydantic import MISSING, BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong with one part of the request."""

    # Pydantic's `input` and `ctx` are left out on purpose: they repeat what the client sent,
    # and that may be a password.
    loc: list[str | int] = Field(
        description="Where it is, such as body, price.", examples=[["body", "price"]]
    )
    msg: str = Field(description="What is wrong, for people.")
    type: str = Field(description="What is wrong, for programs.", examples=["missing"])


class Problem(BaseModel):
    """What went wrong."""

    type: str = Field(
        default="about:blank",
        description="The kind of problem; `about:blank` when the status says it all.",
    )
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status code, repeated.")
    detail: str = Field(description="What went wrong this time.")
    errors: list[FieldProblem] | MISSING = Field(
        default=MISSING, description="For a request that is not valid: each thing wrong with it."
    )
    request_id: str | MISSING = Field(
        default=MISSING,
        description="For a failure of ours: what the log calls this request. It is in the header "
        "`X-Request-ID` of every answer too.",
    )
