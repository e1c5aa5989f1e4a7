"""Field types that several schemas share: a rule is written once and named."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

MAX_INTEGER = 2**31 - 1
"""The largest number that an INTEGER column holds; beyond it a database raises an error."""

Id = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


def _check_is_number(value: Any) -> Any:
    if isinstance(value, str | bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


# An address is all text. JSON has numbers and truth values of its own, and there `"3"` for 3 and
# `1` for true are mistakes. Not `strict=True`, which refuses 3.0: in JSON that is an integer.
JsonInt = Annotated[int, BeforeValidator(_check_is_number)]

Flag = Annotated[bool, Field(strict=True)]

Count = Annotated[JsonInt, Field(ge=0, le=MAX_INTEGER)]


def _check_is_text(secret: SecretStr) -> SecretStr:
    # JSON can write one half of a surrogate pair, which is no character and cannot be encoded.
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a surrogate pair, which is no character") from None
    return secret


SecretText = Annotated[SecretStr, AfterValidator(_check_is_text)]

Name = Annotated[
    str,
    StringConstraints(
        # The spaces are taken off before the length is measured.
        strip_whitespace=True,
        min_length=1,
        max_length=100,
        # One line, without control characters, and not only spaces.
        pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
    ),
]

# PostgreSQL stores every character except this one.
Description = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


def _to_cents(amount: Decimal) -> Decimal:
    """Write `9.5` as `9.50`: the same amount looks the same before and after it is stored."""
    return amount.quantize(Decimal("0.01"))


def _check_notation(amount: Any) -> Any:
    # Python reads more than a client should write: `1e3`, `1_000`, ` 9.5`.
    if isinstance(amount, str) and re.search(r"[eE_\s]", amount):
        raise ValueError("write the amount like 9.50")
    return amount


Price = Annotated[
    Decimal,
    BeforeValidator(_check_notation),
    Field(gt=0, max_digits=12, decimal_places=2),
    AfterValidator(_to_cents),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(?=.*[1-9])[0-9]{1,10}(\.[0-9]{1,2})?$"},
                {"type": "number", "minimum": 0.01, "maximum": 9999999999.99, "multipleOf": 0.01},
            ],
            "examples": ["9.50"],
        },
        mode="validation",
    ),
]
"""An amount of money above zero, with up to two digits after the point: `"9.50"` or `9.5`."""
