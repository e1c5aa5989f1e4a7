"""The HTML reports: nothing that a learner wrote becomes markup, and nobody sees a neighbour."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from workbook.grading.reports.pages import feedback, report
from workbook.grading.reports.run import Run


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


@pytest.mark.parametrize("kind", ["report", "feedback"])
def test_nothing_of_a_submission_is_markup(class_run: Run, kind: str) -> None:
    """No script, no image, no handler, no second style sheet; the policy stands first."""
    page = report(class_run) if kind == "report" else feedback(class_run, class_run.marks[3])
    tags = Tags(page)
    names = [tag for tag, _ in tags.found]
    assert {"script", "img", "iframe", "object", "embed", "link", "form", "b"} & set(names) == set()
    assert names.count("style") == 1
    attributes = {name for _, found in tags.found for name in found}
    assert {one for one in attributes if one.startswith("on") or one in ("style", "src")} == set()
    assert names[:4] == ["html", "head", "meta", "meta"]
    policy = tags.found[3][1]["content"] or ""
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "'unsafe" not in policy
    assert "<script>document.title" in tags.text
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_links_lead_somewhere(class_run: Run) -> None:
    """Every link of the report goes to a place on the page, and every place is named once."""
    tags = Tags(report(class_run))
    ids = [found["id"] for _, found in tags.found if "id" in found]
    links = {found["href"] for tag, found in tags.found if tag == "a"}
    assert len(ids) == len(set(ids))
    assert links - {f"#{one}" for one in ids} == set()


def test_a_learner_sees_nobody_else(class_run: Run) -> None:
    """The page that is handed back names no neighbour, and not the seed of the hidden inputs."""
    page = feedback(class_run, class_run.marks[0])
    assert "Learner 01" in page
    assert "Learner 02" not in page
    assert "seed" not in page


def test_reasons_are_given(class_run: Run) -> None:
    """What was sent, what came back, what was expected and where stand with a missing point."""
    failed = next(
        mark
        for mark in class_run.graded
        if any(rule.message for one in mark.exercises for rule in one.requirements)
    )
    text = Tags(feedback(class_run, failed)).text
    for expected in ("Expected status 422", "It matters.", "GET /items?limit=101", "total = 1 / 0"):
        assert expected in text


def test_a_problem_is_no_zero(class_run: Run) -> None:
    """Who could not be graded is told so, and gets no points that could be taken for a zero."""
    gone = next(mark for mark in class_run.marks if mark.problem)
    text = Tags(feedback(class_run, gone)).text
    assert "Not graded, and no zero" in text
    assert "0 of 0" not in text


def test_empty_classes(class_run: Run) -> None:
    """A run of which nothing could be graded, and one of nobody, still have a report."""
    problems = tuple(mark for mark in class_run.marks if mark.problem)
    assert "Not graded, and no zero" in report(replace(class_run, marks=problems))
    assert "Submissions" in report(replace(class_run, marks=()))
