"""The report of a class and the page of a learner, as HTML files that stand alone.

There is no script in them, and the policy in their head forbids every one; all that comes from a
submission is escaped. So what a learner writes is read and never run.
"""

from base64 import b64encode
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from workbook.cards import inline
from workbook.findings import Outcome
from workbook.grading.marks import SubmissionMark
from workbook.grading.reports import statistics
from workbook.grading.reports.files import facts
from workbook.grading.reports.plain_text import one_line, plain
from workbook.grading.reports.run import Run
from workbook.grading.reports.similarity import alike

_SIGNS = {Outcome.PASSED: "✓", Outcome.NOT_YET: "✗", Outcome.RAISED: "!"}
_WORDS = {Outcome.PASSED: "met", Outcome.RAISED: "the code raised"}
_KINDS = {Outcome.PASSED: "passed", Outcome.NOT_YET: "not-yet", Outcome.RAISED: "raised"}


def report(run: Run) -> str:
    """The instructor's page: the class, the exercises, and a section for each learner."""
    exercises = statistics.exercise_items(run.graded)
    requirements = statistics.requirement_items(run.graded)
    return _page(
        "report.html",
        run,
        summary=statistics.summary(run.graded),
        attention=[mark for mark in run.marks if mark.problem or mark.notes],
        exercises=exercises,
        requirements={item.name: item for item in requirements},
        mistakes=statistics.common_mistakes(run.graded),
        alike=alike(run.graded, run.given),
        fewest=statistics.FEWEST,
        names={mark.key: mark.learner for mark in run.marks},
        anchors={mark.key: f"learner-{n}" for n, mark in enumerate(run.marks, 1)},
        levels=sorted({mark.isolation for mark in run.graded if mark.isolation}),
    )


def feedback(run: Run, mark: SubmissionMark) -> str:
    """The page that a learner is given back; it names nobody else and tells no seed."""
    return _page("feedback.html", run, mark=mark)


def _page(template: str, run: Run, **values: object) -> str:
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    titles = {one.id: one.title for one in run.assignment.exercises}
    return _environment.get_template(template).render(
        run=run, titles=titles, policy=policy, style=Markup(_STYLE), **values
    )


def _sentence(text: str) -> Markup:
    """Words between backquotes are set as code; everything is escaped."""
    return Markup(inline(plain(text)))


_environment = Environment(
    loader=PackageLoader("workbook.grading.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "plain": plain,
    "short": lambda text: one_line(text, 40),
    "sentence": _sentence,
    "sign": lambda outcome: _SIGNS.get(outcome, "·"),
    "word": lambda outcome: _WORDS.get(outcome, outcome),
    "kind": lambda outcome: _KINDS.get(outcome, "open"),
    "facts": facts,
}
_STYLE = (
    (_environment.loader.get_source(_environment, "style.css")[0]) if _environment.loader else ""
)
