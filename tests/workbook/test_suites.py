"""Which tests a suite has, and what is said of one that can't be run."""

from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from fastapi import FastAPI

from workbook.adapters import WrongKind
from workbook.suites import collected

FIXTURES = ("client", "http")


class Group:
    """A class of tests, which pytest does not collect here for its name."""

    test_data = ("tea", "pot")

    async def test_first(self, http) -> None:
        """A method asks for fixtures after `self`."""

    def test_second(self) -> None:
        """Each test has an object of its own."""
        assert vars(self) == {}
        self.mark = 1

    @staticmethod
    def test_third(client) -> None:
        """A static method has no `self`."""

    def help(self) -> None:
        """Not a test, for its name."""


def one_test() -> Any:
    """A function that is a test."""

    def test_one(http) -> None: ...

    return test_one


def described(suite: Any) -> list[tuple[str, bool, tuple[str, ...]]]:
    """The name, the kind and the fixtures of each test."""
    return [(one.name, one.is_async, one.fixtures) for one in collected(suite, FIXTURES)]


def test_a_function_and_a_list_are_suites() -> None:
    """A list may hold functions and classes."""
    one = ("test_one", False, ("http",))
    assert described(one_test()) == [one]
    assert described([one_test(), Group])[:2] == [one, ("test_first", True, ("http",))]


def test_a_class_is_collected_by_names() -> None:
    """Its methods are tests if their names say so, and each call has a new object."""
    assert described(Group) == [
        ("test_first", True, ("http",)),
        ("test_second", False, ()),
        ("test_third", False, ("client",)),
    ]
    second = collected(Group, FIXTURES)[1]
    second.bind()()
    second.bind()()


@pytest.mark.parametrize(
    "kind", [dict, SimpleNamespace, ModuleType], ids=lambda kind: kind.__name__
)
def test_a_namespace_is_collected_by_names(kind: Any) -> None:
    """A module, a namespace and a dictionary: what is no function of that name is left out."""
    content = {"test_one": one_test(), "test_data": 3, "other": one_test()}
    if kind is ModuleType:
        suite = ModuleType("suite")
        vars(suite).update(content)
    else:
        suite = kind(**content)
    assert described(suite) == [("test_one", False, ("http",))]


def test_parametrized_tests_are_multiplied() -> None:
    """Each set of arguments is a test, named as pytest names it."""

    @pytest.mark.parametrize("name", ["tea", pytest.param("pot", id="second"), ("a",)])
    @pytest.mark.parametrize(("price", "status"), [(1, 201), (-1, 422)])
    async def test_price(http, name, price, status) -> None: ...

    tests = collected(test_price, FIXTURES)
    assert [test.name for test in tests] == [
        "test_price[1-201-tea]",
        "test_price[1-201-second]",
        "test_price[1-201-name2]",
        "test_price[-1-422-tea]",
        "test_price[-1-422-second]",
        "test_price[-1-422-name2]",
    ]
    assert tests[4].given == {"price": -1, "status": 422, "name": "pot"}
    assert {test.fixtures for test in tests} == {("http",)}


async def send_mail() -> None:
    """What the next test has replaced."""


@pytest.mark.anyio
async def test_mocks_ask_for_nothing() -> None:
    """What `@patch` gives comes first and is no fixture."""

    @patch(f"{__name__}.send_mail", new_callable=AsyncMock)
    @patch(f"{__name__}.one_test", new=None)
    async def test_mail(mail, http) -> None:
        assert isinstance(mail, AsyncMock)
        assert http == "a client"

    (test,) = collected(test_mail, FIXTURES)
    assert test.fixtures == ("http",)
    await test.bind()(http="a client")


def test_a_default_asks_for_nothing() -> None:
    """A parameter with a default and the rest of the arguments are no fixtures."""

    def test_one(client, limit=3, *rest, **options) -> None: ...

    assert described(test_one) == [("test_one", False, ("client",))]


def _coroutine() -> Any:
    async def test_one() -> None: ...

    return [test_one(), test_one()]


def _fixture_missing() -> Any:
    def test_one(db) -> None: ...

    return test_one


def _other_name() -> Any:
    def check_items(http) -> None: ...

    return [check_items]


def _generator() -> Any:
    def test_one(http) -> Any:
        yield

    return test_one


def _with_init() -> Any:
    class TestItems:
        def __init__(self, http) -> None: ...

    return TestItems


def _no_method() -> Any:
    class TestItems:
        def items(self) -> None: ...

    return TestItems


def _fixture() -> Any:
    @pytest.fixture
    def client() -> None: ...

    return [client]


def _odd_sets() -> Any:
    @pytest.mark.parametrize(("one", "other"), [(1, 2, 3)])
    def test_one(one, other) -> None: ...

    return test_one


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_coroutine, "A test was called here"),
        (
            _fixture_missing,
            "test_one asks for `db`. What a test can be given here: `client`, `http`",
        ),
        (_other_name, "pytest would not find check_items"),
        (_generator, "yields, as a fixture does"),
        (_with_init, "The class TestItems has an `__init__`"),
        (_no_method, "There is no test in the class TestItems"),
        (_fixture, "This is a FixtureFunctionDefinition"),
        (_odd_sets, r"`parametrize` names one, other, and gives \(1, 2, 3\)"),
        (list, "There is no test in this list"),
        (lambda: [one_test(), one_test()], "Two tests are called test_one"),
        (FastAPI, "There is no test in this FastAPI"),
        (lambda: "test_one", "There is no test in this str"),
        (lambda: ["test_one"], "This is a str. Pass the tests"),
    ],
)
def test_what_is_no_suite(make: Any, says: str) -> None:
    """The message names what was given and what to pass instead."""
    with pytest.raises(WrongKind, match=says):
        collected(make(), FIXTURES)
