"""What a requirement says when an answer is not as expected."""

import httpx
import pytest

from workbook.expectations import Unmet, ensure, expect


def answer(status: int = 200, **content) -> httpx.Response:
    """A response to GET /items."""
    request = httpx.Request("GET", "http://shop.test/items?limit=3")
    return httpx.Response(status, request=request, **content)


@pytest.mark.parametrize(
    ("response", "wanted", "message"),
    [
        (answer(404), {"status": 200}, "Expected status 200, got status 404. Why."),
        (
            answer(json={"a": 1}),
            {"json": {"a": 2}},
            'Expected the JSON {"a": 2}, got {"a": 1}. Why.',
        ),
        (answer(json={"a": 1}), {"contains": {"b": 2}}, 'Expected "b": 2, got no field "b". Why.'),
        (answer(json={"b": 1}), {"contains": {"b": 2}}, 'Expected "b": 2, got "b": 1. Why.'),
        (
            answer(json=[1]),
            {"contains": {"b": 2}},
            'Expected a JSON object with "b": 2, got [1]. Why.',
        ),
        (answer(text="no"), {"json": {}}, "Expected a JSON body, got 'no'. Why."),
        (answer(), {"json": {}}, "Expected a JSON body, got an empty body. Why."),
        (answer(text="no"), {"text": "yes"}, "Expected the text 'yes', got 'no'. Why."),
        (
            answer(headers={"allow": "GET"}),
            {"headers": {"allow": "HEAD"}},
            "Expected the header allow: HEAD, got allow: GET. Why.",
        ),
        (
            answer(),
            {"headers": {"allow": "HEAD"}},
            "Expected the header allow: HEAD, got no allow header. Why.",
        ),
        (answer(json=[1]), {"json": [True]}, "Expected the JSON [true], got [1]. Why."),
        (
            answer(json={"a": False}),
            {"contains": {"a": 0}},
            'Expected "a": 0, got "a": false. Why.',
        ),
        # What differs is seen, be it white space only or far from the beginning.
        (
            answer(json={"a": "b  c"}),
            {"json": {"a": "b c"}},
            'Expected the JSON {"a": "b c"}, got {"a": "b  c"}. Why.',
        ),
        (answer(text="a\n"), {"text": "a"}, r"Expected the text 'a', got 'a\n'. Why."),
        (
            answer(json=[*range(50), 7]),
            {"json": [*range(50), 51, 52]},
            "Expected the JSON …45, 46, 47, 48, 49, 51, 52], got …45, 46, 47, 48, 49, 7]. Why.",
        ),
        (
            answer(json={"a": "b" * 200 + "c"}),
            {"contains": {"a": "b" * 200}},
            f'Expected "a": …{"b" * 20}", got "a": …{"b" * 20}c". Why.',
        ),
    ],
)
def test_each_difference_has_its_sentence(response, wanted, message) -> None:
    """The first difference is told with what was expected and what came."""
    with pytest.raises(Unmet) as unmet:
        expect(response, because="Why.", **wanted)
    assert str(unmet.value) == message
    assert unmet.value.sent == "GET /items?limit=3"


def test_what_is_as_expected_says_nothing() -> None:
    """An answer that has everything asked for passes."""
    response = answer(201, json={"a": 1, "b": 2}, headers={"x-page": "1"})
    expect(
        response,
        status=201,
        json={"a": 1, "b": 2},
        contains={"a": 1},
        headers={"x-page": "1"},
        because="Why.",
    )


def test_common_mistake_has_its_own_sentence() -> None:
    """A mapping by status, or a function, replaces the general reason."""
    with pytest.raises(Unmet, match="The path ends without a slash"):
        expect(
            answer(307),
            status=200,
            because="Why.",
            mistakes={307: "The path ends without a slash."},
        )
    with pytest.raises(Unmet, match="That is the old path"):
        expect(answer(404), status=200, because="Why.", mistakes=lambda _: "That is the old path.")
    with pytest.raises(Unmet, match="Why"):
        expect(answer(404), status=200, because="Why.", mistakes=lambda _: None)


def test_ensure_speaks_of_several_requests() -> None:
    """Without a response there is nothing to show as sent."""
    with pytest.raises(Unmet) as unmet:
        ensure(False, "the quick one first", got="the slow one", because="Why.")
    assert (unmet.value.sent, unmet.value.came_back) == ("", "")
    ensure(True, "", got="", because="")
