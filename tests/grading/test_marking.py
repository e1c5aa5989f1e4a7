"""What a mark says of notebooks that are neither right nor hostile."""

from collections.abc import AsyncGenerator

import pytest

from tests.grading.hostile.case import ACCOUNT, EXERCISES, PAGES, SETUP, TAGS, Case, notebook
from tests.grading.hostile.run import score, submission
from workbook.exercise import find
from workbook.grading.limits import Limits
from workbook.grading.marking import mark
from workbook.grading.marks import Assignment, ExerciseMark, Submission, SubmissionMark
from workbook.grading.processes import Zygote
from workbook.grading.sandbox.confinement import Level
from workbook.grading.wording import plain

pytestmark = pytest.mark.anyio

ASSIGNMENT = Assignment(tuple(map(find, EXERCISES)), seed=5)
LIMITS = Limits(cell_seconds=10)


@pytest.fixture(scope="module")
async def zygote(anyio_backend: str) -> AsyncGenerator[Zygote]:
    """A forking process for all tests of this module."""
    async with Zygote(ASSIGNMENT, LIMITS) as running:
        yield running


async def _marked(zygote: Zygote, *cells: str) -> SubmissionMark:
    handed_in = submission(Case("Ada", cells, ""), "ada")
    return await mark(handed_in, ASSIGNMENT, LIMITS, zygote)


def _first(mark: SubmissionMark) -> ExerciseMark:
    return mark.exercises[0]


async def test_a_right_answer_passes_with_its_code(zygote: Zygote, best_level: Level) -> None:
    """The mark holds the points, the answer's code, the seed and the level."""
    done = await _marked(zygote, *notebook(PAGES, TAGS, ACCOUNT))
    assert score(done) == "4/3/4"
    assert (done.earned, done.points, done.problem, done.notes) == (11, 11, "", ())
    assert (done.seed, done.isolation) == (5, best_level)
    assert _first(done).answer == PAGES
    assert SubmissionMark.from_json(done.to_json()) == done


async def test_a_wrong_answer_says_why(zygote: Zygote) -> None:
    """The message is the one that the notebook shows, with the request and the answer."""
    wrong = PAGES.replace("ge=1, le=100", "ge=1")
    done = await _marked(zygote, *notebook(wrong, TAGS, ACCOUNT))
    outcomes = [one.outcome for one in _first(done).requirements]
    assert outcomes == ["passed", "passed", "not yet", "passed"]
    failed = _first(done).requirements[2]
    assert failed.message.startswith("Expected status 422, got status 200.")
    assert failed.sent == "GET /items?limit=101"


async def test_a_check_above_its_answer_says_so(zygote: Zygote) -> None:
    """After cells were reordered, an answer that is there is not called missing."""
    check = 'await check("bounded_pages", bounded_pages)'
    done = await _marked(zygote, SETUP, check, PAGES)
    assert (_first(done).outcome, _first(done).answer) == ("not yet", PAGES)
    assert _first(done).message == (
        "`bounded_pages` is checked before the cell that makes it. Put the check below that cell."
    )
    assert done.exercises[1].outcome == "not attempted"


async def test_an_endpoint_that_raises_names_the_line(zygote: Zygote) -> None:
    """The learner's exception and line stand there, and no frame of a library."""
    wrong = PAGES.replace("return list", "return skip / 0, list")
    done = await _marked(zygote, *notebook(wrong, TAGS, ACCOUNT))
    failed = _first(done).requirements[0]
    assert (failed.outcome, failed.message) == (
        "your code raised",
        "ZeroDivisionError: division by zero",
    )
    assert failed.where.startswith("cell 2, line 9, in read_page: return skip / 0")


async def test_a_cell_that_raised_is_blamed_for_the_name_it_did_not_make(zygote: Zygote) -> None:
    """The name is not defined because its cell raised: that is what the mark says."""
    done = await _marked(zygote, *notebook("1 / 0\n" + PAGES, TAGS, ACCOUNT))
    assert score(done) == "0/3/4"
    assert _first(done).outcome == "your code raised"
    assert _first(done).requirements[0].message == "ZeroDivisionError: division by zero"


async def test_a_cell_with_a_syntax_error_is_blamed_and_noted(zygote: Zygote) -> None:
    """It is left out, the note says which and why, and the other exercises are not touched."""
    done = await _marked(zygote, *notebook(PAGES + "\ndef broken(:\n", TAGS, ACCOUNT))
    assert score(done) == "0/3/4"
    assert "SyntaxError" in _first(done).requirements[0].message
    assert done.notes[0].startswith("cell 2 was left out: SyntaxError: invalid syntax (line 1")


@pytest.mark.parametrize("empty", ["None", "...", "''"])
async def test_an_empty_answer_is_not_attempted(zygote: Zygote, empty: str) -> None:
    """What stands in a starter for an answer is none."""
    done = await _marked(zygote, *notebook(f"bounded_pages = {empty}\n", TAGS, ACCOUNT))
    assert (_first(done).outcome, _first(done).earned) == ("not attempted", 0)


async def test_an_answer_that_was_never_made_is_not_attempted(zygote: Zygote) -> None:
    """No cell makes the name that is checked."""
    done = await _marked(zygote, SETUP, 'await check("bounded_pages", bounded_pages)')
    assert (_first(done).outcome, _first(done).message) == (
        "not attempted",
        "No cell makes `bounded_pages`.",
    )


async def test_an_answer_of_the_wrong_kind_says_what_to_pass(zygote: Zygote) -> None:
    """The adapter's sentence is the message, and every requirement is listed."""
    done = await _marked(zygote, *notebook("bounded_pages = FastAPI\n", TAGS, ACCOUNT))
    assert _first(done).outcome == "not yet"
    assert _first(done).message.startswith("This is the class FastAPI.")
    assert [one.earned for one in _first(done).requirements] == [0, 0, 0, 0]


async def test_a_lifespan_that_raises_fails_the_exercise(zygote: Zygote) -> None:
    """Nothing that was asked counts if the app does not start, or does not shut down."""
    code = (
        "from contextlib import asynccontextmanager\n"
        "@asynccontextmanager\nasync def lifespan(app):\n    {}\n    yield\n    {}\n"
    )
    pages = PAGES.replace("FastAPI()", "FastAPI(lifespan=lifespan)")
    for before, after in (("1 / 0", "pass"), ("pass", "1 / 0")):
        answer = code.format(before, after) + pages
        done = await _marked(zygote, *notebook(answer, TAGS, ACCOUNT))
        assert score(done) == "0/3/4"
        assert _first(done).requirements[0].message == "ZeroDivisionError: division by zero"


async def test_magics_are_left_out_and_noted(zygote: Zygote) -> None:
    """A magic or shell line hides no answer; a cell magic of another language is not run."""
    cells = notebook(f"%load_ext autoreload\n!pip list\n{PAGES}", f"%%time\n{TAGS}", ACCOUNT)
    done = await _marked(zygote, *cells, "%%bash\nrm -rf /\n")
    assert score(done) == "4/3/4"
    assert done.notes == (
        "cell 2: its magic and shell commands were not run.",
        "cell 4: its magic and shell commands were not run.",
        "cell 8: the cell magic %%bash was not run.",
    )


async def test_lessons_words_do_nothing(zygote: Zygote) -> None:
    """Hints, quizzes and progress show cards to nobody, and stop no cell."""
    words = (
        "from workbook import arrange, check, hint, next_up, predict, progress, quiz, review\n"
        "hint('bounded_pages')\nquiz('x')\nprogress(2)\nnext_up()\nreview()\narrange('y')\n"
        "result = await check('another', None)\nresult.outcome, str(result)\n"
    )
    done = await _marked(zygote, *notebook(words + PAGES, TAGS, ACCOUNT))
    assert (score(done), done.notes) == ("4/3/4", ())


async def test_cells_share_names_futures_and_files(zygote: Zygote) -> None:
    """As in a kernel: names, `from __future__`, files and context variables of a cell stay."""
    cells = (
        (
            "from __future__ import annotations\nimport contextvars\n"
            "var = contextvars.ContextVar('var')\nvar.set(7)\nopen('kept', 'w').write('x')\n"
        ),
        (
            "def later(x: Missing): ...\nassert later.__annotations__ == {'x': 'Missing'}\n"
            "assert var.get() == 7 and open('kept').read() == 'x'\nfine = True\n"
        ),
    )
    done = await _marked(zygote, SETUP, *cells, f"assert fine\n{PAGES}")
    assert score(done) == "4/0/0"


@pytest.mark.parametrize("data", [b"{}", b"\xff\xfe\xff", b"[" * 100_000, b'{"nbformat": 4}'])
async def test_a_file_that_is_no_notebook_is_a_problem(zygote: Zygote, data: bytes) -> None:
    """It is no zero: a person has to look."""
    done = await mark(Submission("k", "Ada", "x.ipynb", data), ASSIGNMENT, LIMITS, zygote)
    assert done.problem.startswith("It is no notebook that can be read")
    assert done.exercises == ()


async def test_a_submission_without_a_notebook_keeps_its_reason(zygote: Zygote) -> None:
    """What the intake found is passed on."""
    done = await mark(Submission("k", "Ada", "", problem="Empty."), ASSIGNMENT, LIMITS, zygote)
    assert (done.problem, done.exercises) == ("Empty.", ())


async def test_a_grader_that_fails_gives_a_problem_and_no_zero() -> None:
    """When the forking process is gone, no learner loses a point."""
    async with Zygote(ASSIGNMENT, LIMITS) as zygote:
        assert zygote._process is not None
        zygote._process.kill()
        await zygote._process.wait()
        done = await _marked(zygote, *notebook(PAGES, TAGS, ACCOUNT))
    assert done.problem.startswith("The grader failed: ")
    assert done.exercises == ()


def test_plain_text_has_no_control_characters() -> None:
    """Escapes, overrides and halves of characters are replaced; the length is bounded."""
    assert plain("a\x1b[31m\u202e\ud800\nb") == "a�[31m��\nb"
    assert plain("x" * 10, 4) == "xxxx…"
