"""What item schemas accept, and what they make of it."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from lesson_app.schemas.item import ItemCreate, ItemsCreate, ItemUpdate

KITE: dict[str, Any] = {"name": "Kite", "price": "9.50"}


def test_defaults():
    """Only name and price are required."""
    expected = {
        "name": "Kite",
        "description": None,
        "price": Decimal("9.50"),
        "stock": 0,
    }
    assert ItemCreate.model_validate(KITE).model_dump() == expected


@pytest.mark.parametrize(("price", "expected"), [(9.5, "9.50"), ("12", "12.00"), (3, "3.00")])
def test_a_price_is_written_with_its_cents(price: float | str, expected: str):
    """The same amount looks the same, however the client wrote it."""
    assert str(ItemCreate.model_validate({**KITE, "price": price}).price) == expected


def test_spaces_around_a_name_are_taken_off():
    """The name that is stored is the name that was measured."""
    assert ItemCreate.model_validate({**KITE, "name": "  Kite "}).name == "Kite"


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("name", "   ", "string_too_short"),
        ("name", "x" * 101, "string_too_long"),
        ("name", "two\nlines", "string_pattern_mismatch"),
        ("description", "x" * 2001, "string_too_long"),
        ("description", "a\x00b", "string_pattern_mismatch"),
        ("price", "0", "greater_than"),
        ("price", "NaN", "finite_number"),
        ("price", "1e3", "value_error"),
        ("price", "1_000", "value_error"),
        ("price", " 9.50", "value_error"),
        ("price", True, "decimal_type"),
        ("price", "1.005", "decimal_max_places"),
        ("price", "10000000000", "decimal_whole_digits"),
        ("stock", -1, "greater_than_equal"),
        ("stock", "3", "int_type"),
        ("stock", True, "int_type"),
        ("stock", 0.5, "int_from_float"),
        ("stock", 2**31, "less_than_equal"),
        ("owner_id", 1, "extra_forbidden"),
        ("colour", "red", "extra_forbidden"),
    ],
)
def test_a_value_out_of_bounds_is_refused(field: str, value: object, kind: str):
    """Each rule has an error of its own, on its own field."""
    with pytest.raises(ValidationError) as refused:
        ItemCreate.model_validate({**KITE, field: value})
    assert [(error["loc"], error["type"]) for error in refused.value.errors()] == [((field,), kind)]


@pytest.mark.parametrize("sent", [{}, {"stock": 3}, {"description": None}, {"name": "Kite"}])
def test_an_update_holds_what_was_sent_and_no_more(sent: dict[str, Any]):
    """A field that was left out is not in the dump; null for the description is."""
    assert ItemUpdate.model_validate(sent).model_dump() == sent


@pytest.mark.parametrize("field", ["name", "price", "stock"])
def test_null_is_not_a_way_to_leave_a_field_out(field: str):
    """Null is refused where the column has no null."""
    with pytest.raises(ValidationError):
        ItemUpdate.model_validate({field: None})


@pytest.mark.parametrize(("count", "accepted"), [(0, False), (1, True), (100, True), (101, False)])
def test_how_many_items_come_at_once(count: int, accepted: bool):
    """From one to a hundred."""
    items = [{"name": f"Kite {number}", "price": "9.50"} for number in range(count)]
    try:
        made = len(ItemsCreate.model_validate({"items": items}).items)
    except ValidationError:
        made = None
    assert made == (count if accepted else None)
