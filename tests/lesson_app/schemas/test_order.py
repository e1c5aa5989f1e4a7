"""What order schemas accept, and what they make of it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from lesson_app.models import OrderStatus
from lesson_app.schemas.order import MAX_LINES, OrderCreate, OrderLineOut, OrderOut

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def lines(*item_ids: int) -> list[dict[str, Any]]:
    return [{"item_id": item_id, "quantity": 1} for item_id in item_ids]


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param([], id="none"),
        pytest.param(lines(*range(1, MAX_LINES + 2)), id="too many"),
        pytest.param(lines(1, 2, 1), id="one item twice"),
        pytest.param([{"item_id": 1, "quantity": 0}], id="nothing"),
        pytest.param([{"item_id": 1, "quantity": 1001}], id="too much"),
        pytest.param([{"item_id": 1, "quantity": 1, "unit_price": "0.01"}], id="own price"),
    ],
)
def test_what_is_no_order(refused: list[dict[str, Any]]):
    """An order has some lines, each item once, and the shop sets the price."""
    with pytest.raises(ValidationError):
        OrderCreate.model_validate({"lines": refused})


def test_the_largest_order():
    """As many lines as are allowed."""
    order = OrderCreate.model_validate({"lines": lines(*range(1, MAX_LINES + 1))})
    assert len(order.lines) == MAX_LINES


def test_the_total_is_exact():
    """Cents are added as cents: 3 times 0.10 and 1 time 0.70 are 1.00."""
    order = OrderOut(
        id=1,
        buyer_id=2,
        status=OrderStatus.PLACED,
        lines=[
            OrderLineOut(item_id=1, quantity=3, unit_price=Decimal("0.10")),
            OrderLineOut(item_id=2, quantity=1, unit_price=Decimal("0.70")),
        ],
        created_at=NOON,
        updated_at=NOON,
    )
    assert order.model_dump(mode="json")["total"] == "1.00"
