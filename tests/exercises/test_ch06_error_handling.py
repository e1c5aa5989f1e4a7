"""What the requirements of chapter 6 make of a whole cell, which no stored answer is."""

import ast

import pytest

from workbook.exercises.ch06_error_handling import reads_the_opening
from workbook.expectations import Unmet

_ANSWER = """
@closed_shop.post("/shops/{city}/orders")
async def order_in(city: str) -> dict[str, Any]:
    if city not in OPENS_IN:
        raise HTTPException(404)
    if OPENS_IN[city]:
        raise HTTPException(503, headers={"Retry-After": str(OPENS_IN[city])})
    return {"city": city, "ordered": True}
"""


def test_cell_may_try_the_answer_out() -> None:
    """The number and a city's name in a comparison of what came back are no copy of `OPENS_IN`."""
    reads_the_opening(
        ast.parse(
            _ANSWER
            + """
async with client(closed_shop) as http:
    for city in ("london", "paris"):
        response = await http.post(f"/shops/{city}/orders")
        if city == "paris":
            assert response.headers["Retry-After"] == "600"


async def test_closed(http: Client) -> None:
    response = await http.post("/shops/paris/orders")
    assert response.headers["Retry-After"] == "600"
"""
        )
    )


def test_cell_must_not_keep_a_copy() -> None:
    """A number at the top of the cell, under a name of its own, is one."""
    with pytest.raises(Unmet, match="looked up in `OPENS_IN`"):
        reads_the_opening(ast.parse("SECONDS = 600\n" + _ANSWER))
