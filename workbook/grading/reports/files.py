"""The reports that other programs read: CSV, JSON and JUnit XML."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from typing import Any

from workbook.findings import Outcome
from workbook.grading.marks import ExerciseMark, RequirementMark, SubmissionMark
from workbook.grading.reports.plain_text import cell, plain
from workbook.grading.reports.run import Run


def grades_csv(run: Run) -> str:
    """A line for each learner: points in all, for each exercise, and what to look at.

    The points of a submission that could not be graded are empty: that is not a zero.
    """
    out = io.StringIO(newline="")
    write = csv.writer(out, lineterminator="\r\n").writerow
    ids = [exercise.id for exercise in run.assignment.exercises]
    write(["learner", "key", "file", "points", "of", "percent", *ids, "problem", "notes"])
    for mark in run.marks:
        write(map(cell, _row(mark, run, len(ids))))
    return out.getvalue()


def _row(mark: SubmissionMark, run: Run, exercises: int) -> list[object]:
    who = [mark.learner, mark.key, mark.file]
    if mark.problem:
        return [*who, "", run.points, "", *[""] * exercises, mark.problem, " ".join(mark.notes)]
    percent = round(100 * mark.earned / mark.points, 1) if mark.points else 0.0
    points = [one.earned for one in mark.exercises]
    return [*who, mark.earned, mark.points, percent, *points, "", " ".join(mark.notes)]


def marks_json(run: Run) -> str:
    """Every mark with its reasons, and under what it was made."""
    document: dict[str, Any] = {
        "title": run.title,
        "date": run.date,
        "seed": run.assignment.seed,
        "versions": dict(run.versions),
        "limits": dict(run.limits),
        "remarks": list(run.remarks),
        "exercises": [
            {"id": one.id, "title": one.title, "section": one.section, "points": one.points}
            for one in run.assignment.exercises
        ],
        "marks": [
            mark.to_json() | {"earned": mark.earned, "points": mark.points} for mark in run.marks
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def junit_xml(run: Run) -> str:
    """A suite for each learner and a case for each requirement, as build servers show them.

    What was not attempted is skipped, what raised and what could not be graded is an error.
    """
    root = ET.Element("testsuites", name=plain(run.title))
    for mark in run.marks:
        suite = ET.SubElement(root, "testsuite", name=plain(mark.learner))
        _properties(suite, mark)
        if mark.problem:
            case = ET.SubElement(suite, "testcase", classname=plain(mark.key), name="submission")
            ET.SubElement(case, "error", message=plain(mark.problem))
        for exercise in mark.exercises:
            for requirement in exercise.requirements:
                _case(suite, mark, exercise, requirement)
        for kind, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            suite.set(kind, str(len(suite.findall(f".//{tag}"))))
        suite.set("skipped", str(len(suite.findall(".//skipped"))))
        suite.set("time", f"{mark.seconds:.3f}")
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _properties(suite: ET.Element, mark: SubmissionMark) -> None:
    properties = ET.SubElement(suite, "properties")
    facts = {
        "key": mark.key,
        "file": mark.file,
        "digest": mark.digest,
        "seed": str(mark.seed),
        "isolation": mark.isolation,
    }
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=plain(value))


def _case(
    suite: ET.Element, mark: SubmissionMark, exercise: ExerciseMark, requirement: RequirementMark
) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=plain(f"{mark.key}.{exercise.exercise}"),
        name=plain(requirement.text),
    )
    message = requirement.message or exercise.message or requirement.outcome
    match requirement.outcome:
        case Outcome.PASSED:
            return
        case Outcome.NOT_ATTEMPTED:
            ET.SubElement(case, "skipped", message=plain(message))
        case outcome:
            tag = "error" if outcome == Outcome.RAISED else "failure"
            told = ET.SubElement(case, tag, message=plain(message), type=plain(outcome))
            told.text = plain("\n".join(f"{name}: {fact}" for name, fact in facts(requirement)))


def facts(requirement: RequirementMark) -> list[tuple[str, str]]:
    """What a requirement saw, each with its name; what is empty is left out."""
    named = [
        ("sent", requirement.sent),
        ("came back", requirement.came_back),
        ("expected", requirement.expected),
        ("where", requirement.where),
    ]
    return [(name, fact) for name, fact in named if fact]
