"""The words of a lesson: what they show, and that they never raise."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from workbook import chapters, notebook, records
from workbook.exercise import Exercise
from workbook.findings import Outcome, Result
from workbook.notebook import NotPassed, arrange, check, hint, next_up, progress, solution, starter

pytestmark = pytest.mark.anyio

STARTER = "pages_app = FastAPI()  # add the route"
SOLUTION = "pages_app = FastAPI()\n\n\n@pages_app.get('/items')\nasync def items(): ..."


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fresh progress in memory, and notebooks that know the tests' exercise."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(records, "_in_memory", records.Progress())
    monkeypatch.setattr(chapters, "starter_code", lambda *_: STARTER)
    monkeypatch.setattr(chapters, "solution_code", lambda *_: SOLUTION)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A notebook's shell, as `get_ipython()` gives it."""
    shell = SimpleNamespace(user_ns={"In": [""]}, next_input=[])
    shell.set_next_input = shell.next_input.append
    for module in ("workbook.notebook", "workbook.answers", "workbook.raised"):
        monkeypatch.setattr(f"{module}.get_ipython", lambda: shell)
    return shell


async def outcome(exercise_id: str, app: FastAPI) -> Result:
    """What a check found, where it is known to come to a result."""
    shown = await check(exercise_id, app)
    assert isinstance(shown, Result)
    return shown


async def test_pass_shows_what_is_next(pages: Exercise, pages_app: FastAPI) -> None:
    """A passed exercise is stored and the card names the next one."""
    shown = await check(pages.id, pages_app)
    assert isinstance(shown, Result)
    assert (shown.outcome, shown.points) == (Outcome.PASSED, 3)
    assert "Next: " in str(shown)
    assert records.load().of(pages.id).passed


async def test_failure_shows_both_sides_and_the_way_on(pages: Exercise) -> None:
    """The card says what was sent, what came back, what was expected, why, and where help is."""
    shown = await check(pages.id, FastAPI())
    text = str(shown)
    for part in (
        "Not yet: Pages (0 of 3 points)",
        "✗ a limit over 100 is refused with 422 (not yet)",
        "The path is /items.",
        "sent:      GET /items?limit=101",
        'came back: 404 Not Found  {"detail":"Not Found"}',
        "expected:  status 422",
        f'Stuck? `hint("{pages.id}")` shows a first hint.',
    ):
        assert part in text
    html = shown._repr_mimebundle_()["text/html"]
    assert "GET /items?limit=101" in html
    assert f"<code>hint(&quot;{pages.id}&quot;)</code>" in html or f'hint("{pages.id}")' in html


async def test_nothing_from_an_answer_is_html(pages: Exercise) -> None:
    """What an app sends back is escaped on the card."""
    app = FastAPI()

    @app.get("/items")
    async def items() -> str:
        return "<script>alert(1)</script>"

    html = (await check(pages.id, app))._repr_mimebundle_()["text/html"]
    assert "<script" not in html
    assert "&lt;script&gt;" in html


async def test_untouched_starter_is_not_attempted(pages: Exercise, shell) -> None:
    """The code as it was given, comments aside, is no answer."""
    app = FastAPI()
    shell.user_ns.update(In=["", "pages_app = FastAPI()"], pages_app=app)
    shown = await outcome(pages.id, app)
    assert shown.outcome is Outcome.NOT_ATTEMPTED
    assert "still empty or as it was given" in str(shown)
    assert records.load().of(pages.id).outcome == "not attempted"


async def test_bug_hunt_starter_asks_to_reproduce(pages: Exercise, shell) -> None:
    """In a bug hunt the first step is to see the bug."""
    pages.kind = "bug hunt"
    app = FastAPI()
    shell.user_ns.update(In=["", STARTER], pages_app=app)
    assert "Reproduce the bug first" in str(await check(pages.id, app))


async def test_changed_starter_is_attempted(pages: Exercise, shell) -> None:
    """A later cell that adds to the app makes it an answer."""
    app = FastAPI()
    added = "@pages_app.get('/items')\ndef items(): ..."
    shell.user_ns.update(In=["", STARTER, added], pages_app=app)
    assert (await outcome(pages.id, app)).outcome is Outcome.NOT_YET


async def test_forgotten_await_is_said() -> None:
    """A check that was not awaited says so when it is shown."""
    pending = check("anything", None)
    assert "Write `await` before it" in repr(pending)
    assert "<code>await</code>" in pending._repr_mimebundle_()["text/html"]


async def test_unknown_id_names_what_is_alike(pages: Exercise) -> None:
    """A misspelt id is no exception."""
    assert f"Did you mean '{pages.id}'" in str(await check("pages_of_the_test", None))
    assert f"Did you mean '{pages.id}'" in str(hint("pages_of_the_test"))
    assert "There is no exercise called 'zzz'" in str(solution("zzz"))
    assert "There is no exercise called 'zzz'" in str(starter("zzz"))
    assert "There is no exercise called 'zzz'" in str(arrange("zzz"))


async def test_nothing_passed_asks_for_the_object(pages: Exercise) -> None:
    """check("id") without an object says what is missing."""
    assert "with the name of your own app" in str(await check(pages.id))


async def test_wrong_kind_is_a_card(pages: Exercise) -> None:
    """An object that can't be checked is no exception, and no attempt."""
    assert "This is the class FastAPI" in str(await check(pages.id, FastAPI))
    assert records.load().of(pages.id).attempts == 0


async def test_strict_mode_raises(
    pages: Exercise, pages_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With WORKBOOK_STRICT=1 everything but a pass raises, with the card as message."""
    monkeypatch.setenv("WORKBOOK_STRICT", "1")
    assert (await outcome(pages.id, pages_app)).outcome is Outcome.PASSED
    with pytest.raises(NotPassed, match="Not yet: Pages"):
        await check(pages.id, FastAPI())
    with pytest.raises(NotPassed, match="Unknown exercise"):
        await check("zzz", pages_app)


async def test_hints_come_one_by_one(pages: Exercise) -> None:
    """Each call shows the next; a level can be seen again but not skipped to."""
    assert "Hint 1 of 3: Pages\nWhere is the bound?" in str(hint(pages.id, 3))
    assert "Hint 2 of 3: Pages\nLook at Query." in str(hint(pages.id))
    assert "Hint 1 of 3" in str(hint(pages.id, 1))
    assert "Hint 3 of 3: Pages\nGive it le=." in str(hint(pages.id))
    assert "Hint 3 of 3" in str(hint(pages.id))
    assert "three levels" in str(hint(pages.id, 7))


async def test_solution_waits_for_hints_or_a_pass(pages: Exercise) -> None:
    """The solution is there after three hints, or at once if asked for so."""
    assert "You have seen 0 of 3 hints" in str(solution(pages.id))
    assert SOLUTION in str(solution(pages.id, anyway=True))
    for _ in range(3):
        hint(pages.id)
    assert SOLUTION in str(solution(pages.id))
    assert 'You have seen all hints: `solution("' in str(await check(pages.id, FastAPI()))


async def test_starter_comes_back_in_a_new_cell(pages: Exercise, shell) -> None:
    """The learner's own cell is left alone."""
    assert STARTER in str(starter(pages.id))
    assert shell.next_input == [STARTER]


async def test_lines_are_lettered(pages: Exercise) -> None:
    """An exercise in arranging shows its lines with their letters."""
    pages.lines = {"A": "app = FastAPI()", "B": "    return 1"}
    assert "A  app = FastAPI()\nB      return 1" in str(arrange(pages.id))


async def test_progress_counts_and_says_where_it_is_kept(
    pages: Exercise, pages_app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The overview counts passed exercises; the chapter lists them one by one."""
    assert "Kept in memory only" in str(progress())
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path / "home"))
    await check(pages.id, pages_app)
    assert str(tmp_path / "home") in str(progress())
    listed = [line for line in str(progress(2)).splitlines() if pages.id in line]
    assert len(listed) == 1
    assert listed[0].endswith("passed")


async def test_next_up_names_the_first_open_exercise(
    registry, pages: Exercise, pages_app: FastAPI
) -> None:
    """Passed exercises are not proposed again."""
    for other in list(registry):
        if other != pages.id:
            del registry[other]
    assert f"`{pages.id}` in section 2.5" in str(next_up())
    await check(pages.id, pages_app)
    assert "All exercises passed" in str(next_up())
    assert notebook._next_exercise(records.load()) is None
