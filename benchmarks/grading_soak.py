"""Grade the same notebooks many times: a result that differs once is a fault of the grader.

Honest notebooks with 1, 2, 3 and 4 workers, then every hostile notebook, at the level that this
machine gives. Run: python benchmarks/grading_soak.py [HONEST [ROUNDS [WORKERS]]]
"""

import asyncio
import sys
from collections import Counter
from dataclasses import replace
from time import perf_counter
from typing import Any

from tests.grading.hostile.case import EXERCISES
from tests.grading.hostile.run import CASES, NEIGHBOURS, run, score, submission
from workbook.exercise import find
from workbook.grading.engine import grade
from workbook.grading.limits import Limits
from workbook.grading.marks import Assignment
from workbook.grading.sandbox.confinement import Level


async def honest(number: int, workers: int) -> None:
    """Grade that many honest notebooks, right, wrong and half; print what came out wrong."""
    cases = [NEIGHBOURS[n % len(NEIGHBOURS)] for n in range(number)]
    expected = {str(n): case.score for n, case in enumerate(cases)}
    submissions = [submission(case, str(n)) for n, case in enumerate(cases)]
    assignment = Assignment(tuple(map(find, EXERCISES)), seed=5)
    wrong: Counter[str] = Counter()
    seconds: list[float] = []
    first = 0.0
    async for mark in grade(submissions, assignment, limits=Limits(), workers=workers):
        first = first or perf_counter()
        seconds.append(mark.seconds)
        if score(mark) != expected.pop(mark.key):
            wrong[f"{mark.learner}: {score(mark)}"] += 1
    wrong.update(f"no mark for {key}" for key in expected)
    rate = (number - 1) / (perf_counter() - first)
    middle = sorted(seconds)[len(seconds) // 2]
    print(
        f"honest, {workers} workers: {number} graded, {wrong.total()} wrong {dict(wrong) or ''} "
        f"{rate:.1f} /s, median {middle * 1000:.0f} ms each, least {min(seconds) * 1000:.0f} ms",
        flush=True,
    )


async def hostile(rounds: int, workers: int) -> None:
    """Grade every hostile notebook that often; print those whose result was not always the same."""
    wrong: Counter[str] = Counter()
    results: dict[str, Counter[str]] = {case.name: Counter() for case in CASES}
    began, done = perf_counter(), 0
    while done < rounds:
        # Some rounds at once, so that a slow case at the end of one does not hold up the next.
        some = range(done, min(done + 10, rounds))
        cases = [replace(case, name=f"{case.name} {n}") for n in some for case in CASES]
        graded = await run(Level.NAMESPACES, cases, workers)
        marks = {mark["key"]: mark for mark in graded["marks"]}
        for n in some:
            for case in CASES:
                mark = marks.pop(f"{case.name} {n}")
                results[case.name][result(mark)] += 1
                if mark["score"] != case.score:
                    wrong[f"{case.name}: {mark['score']}"] += 1
        honest = {case.name: case.score for case in NEIGHBOURS}
        for key, mark in marks.items():
            if mark["score"] != honest[key.partition(" ")[0]]:
                wrong[f"{key}: {mark['score']}"] += 1
        done += len(some)
        print(
            f"hostile: {done} rounds of {len(CASES)} in {perf_counter() - began:.0f} s with {workers} "
            f"workers, {wrong.total()} wrong {dict(wrong) or ''}",
            flush=True,
        )
    for name, seen in results.items():
        if len(seen) > 1:
            print(f"not always the same: {name}", *seen.most_common(), sep="\n    ", flush=True)


def result(mark: dict[str, Any]) -> str:
    """The outcome of each requirement, and what is said of the notebook itself."""
    outcomes = "/".join(
        ",".join(requirement["outcome"] for requirement in exercise["requirements"])
        for exercise in mark["exercises"]
    )
    notes = [note for note in mark["notes"] if "the machine was busy" not in note]
    return " | ".join([outcomes or mark["problem"], *notes])


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    many, rounds, workers = (*numbers, *(2000, 100, 2)[len(numbers) :])
    for number in (1, 2, 3, 4) if many else ():
        asyncio.run(honest(many // 4, number))
    asyncio.run(hostile(rounds, workers))
