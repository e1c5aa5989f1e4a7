"""Find the tests of a suite that a learner wrote, as pytest would, but without files."""

import asyncio
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any
from unittest.mock import DEFAULT

from workbook.adapters import WrongKind, kind

type Bind = Callable[[], Any]
"""Makes what is called: the function, or a method of a new object, as pytest does."""

_PREFIX = "test_"


@dataclass(frozen=True)
class SuiteTest:
    """One test of a suite.

    Attributes:
        name: the function's name; with the values of a parametrized one, `test_price[tea-4]`.
        bind: makes what is called.
        is_async: whether the test has to be awaited.
        given: the arguments that `pytest.mark.parametrize` gives, by name.
        fixtures: the names of the other arguments.
    """

    name: str
    bind: Bind
    is_async: bool
    given: Mapping[str, Any]
    fixtures: tuple[str, ...]


def collected(suite: Any, fixtures: Collection[str]) -> list[SuiteTest]:
    """The tests of a suite, in their order.

    Args:
        suite: a function; a list of functions and classes; a class; or whatever has tests as its
            attributes, such as a module. In the last two, names that begin with `test_` count.
            Of pytest's marks `parametrize` is heard, and no other one.
        fixtures: the names of what a test can be given.

    Raises:
        WrongKind: there is no test, or something in it can't be run as one.
    """
    tests: list[SuiteTest] = []
    for bind in _bindings(suite):
        tests += _tests(bind, fixtures)
    names = [test.name for test in tests]
    if twice := [name for name in names if names.count(name) > 1]:
        raise WrongKind(f"Two tests are called {twice[0]}. Give each of them its own name.")
    return tests


def _bindings(suite: Any) -> list[Bind]:
    if isinstance(suite, list | tuple | set):
        for called in filter(asyncio.iscoroutine, suite):
            called.close()  # all of them, or Python complains of those that are not named below
        found = [bind for one in suite for bind in _bindings_of(one)]
        if not found:
            raise WrongKind("There is no test in this list. Put the functions in, by their names.")
        return found
    if asyncio.iscoroutine(suite) or _is_function(suite) or inspect.isclass(suite):
        return _bindings_of(suite)
    attributes = suite if isinstance(suite, Mapping) else getattr(suite, "__dict__", {})
    found = [
        _same(one)
        for name, one in attributes.items()
        if str(name).startswith(_PREFIX) and inspect.isfunction(one)
    ]
    if not found:
        raise WrongKind(
            f"There is no test in this {type(suite).__name__}. Pass the tests: a list of functions, "
            f"or a class whose methods have names that begin with `{_PREFIX}`."
        )
    return found


def _bindings_of(one: Any) -> list[Bind]:
    if asyncio.iscoroutine(one):
        one.close()
        raise WrongKind("A test was called here. Pass the function itself, without parentheses.")
    if inspect.isclass(one):
        return list(_methods(one))
    if not _is_function(one):
        raise WrongKind(f"This is {kind(one)}. Pass the tests, which are functions.")
    if not one.__name__.startswith(_PREFIX):
        raise WrongKind(
            f"pytest would not find {one.__name__}: a test has a name that begins with `{_PREFIX}`."
        )
    return [_same(one)]


def _is_function(value: Any) -> bool:
    return inspect.isfunction(value) or inspect.ismethod(value)


def _methods(owner: type) -> Iterator[Bind]:
    if owner.__init__ is not object.__init__:
        raise WrongKind(
            f"The class {owner.__name__} has an `__init__`. pytest makes a new object for each "
            "test, without arguments, and leaves such a class out."
        )
    names = dict.fromkeys(name for base in reversed(owner.__mro__) for name in vars(base))
    tests = [name for name in names if name.startswith(_PREFIX) and callable(getattr(owner, name))]
    if not tests:
        raise WrongKind(
            f"There is no test in the class {owner.__name__}: "
            f"its methods need names that begin with `{_PREFIX}`."
        )
    for name in tests:
        yield lambda name=name: getattr(owner(), name)


def _same(function: Callable[..., Any]) -> Bind:
    return lambda: function


def _tests(bind: Bind, fixtures: Collection[str]) -> Iterator[SuiteTest]:
    function = bind()
    name: str = function.__name__
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise WrongKind(f"The test {name} yields, as a fixture does. A test returns nothing.")
    is_async = inspect.iscoroutinefunction(function)
    # As in pytest, a parameter with a default asks for nothing.
    parameters = [
        one.name
        for one in inspect.signature(function).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ][_mocks(function) :]
    for values, given in _parametrized(function):
        asked = tuple(one for one in parameters if one not in given)
        if missing := [one for one in asked if one not in fixtures]:
            known = ", ".join(f"`{one}`" for one in sorted(fixtures))
            raise WrongKind(
                f"The test {name} asks for `{missing[0]}`. What a test can be given here: {known}."
            )
        yield SuiteTest(f"{name}[{values}]" if values else name, bind, is_async, given, asked)


def _parametrized(function: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sets of arguments that `pytest.mark.parametrize` gives, each with its name.

    The mark is read by what it holds, since a learner's environment may have no pytest.
    """
    marks = [one for one in getattr(function, "pytestmark", ()) if one.name == "parametrize"]
    for chosen in product(*(list(_sets(mark)) for mark in marks)):
        merged = {name: value for _, given in chosen for name, value in given.items()}
        yield "-".join(shown for shown, _ in chosen), merged


def _mocks(function: Any) -> int:
    """How many arguments, the first ones, are given by `@patch`."""
    patches = getattr(function, "patchings", ())
    return sum(one.new is DEFAULT and one.attribute_name is None for one in patches)


def _sets(mark: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    arguments = dict(zip(("argnames", "argvalues"), mark.args, strict=False)) | mark.kwargs
    names = arguments["argnames"]
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    for number, value in enumerate(arguments["argvalues"]):
        shown = None
        if hasattr(value, "marks"):  # made by `pytest.param`
            shown, values = value.id, value.values
        else:
            values = (value,) if len(names) == 1 else value
        if len(values) != len(names):
            raise WrongKind(f"`parametrize` names {', '.join(names)}, and gives {values!r}.")
        given = dict(zip(names, values, strict=True))
        yield shown or "-".join(_shown(name, one, number) for name, one in given.items()), given


def _shown(name: str, value: Any, number: int) -> str:
    if value is None or isinstance(value, str | int | float):
        return str(value)
    return f"{name}{number}"
