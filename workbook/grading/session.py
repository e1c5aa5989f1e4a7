"""One learner's notebook, run in one child after another until all of it has had its chance."""

from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import Any

from workbook.cells import Cell
from workbook.grading.channel import Channel, ChildDied
from workbook.grading.limits import Limits
from workbook.grading.plan import CodeCell, code_cells, without_checks
from workbook.grading.processes import GraderFailed, Zygote

_PREPARE_SECONDS = 20.0

_CONFIRMED = 3
"""Time-outs that happened twice, after which a machine that is busy is no longer the reason."""


class OutOfTime(Exception):
    """The submission has used all its time, or all its processes."""


class Session:
    """Runs a notebook's cells up to any place, in a child that has run just these.

    A cell that ends its process or passes its limit is tried once more in a new process, since
    either may have been the machine's fault; then it is left out, always, with all that it did.
    One that runs out of memory is left out at once.

    Attributes:
        cells: what is to run.
        notes: what happened, for a person.
        errors: message and place of what a cell raised, by its place.
    """

    def __init__(self, zygote: Zygote, limits: Limits) -> None:
        self._zygote, self._limits = zygote, limits
        self._deadline = monotonic() + limits.submission_seconds
        self._child: Channel | None = None
        self._ran = 0
        self._starts = 0
        self._tries: Counter[tuple[int, str]] = Counter()
        self._confirmed = 0
        self.cells: list[CodeCell] = []
        self.notes: list[str] = []
        self.errors: dict[int, tuple[str, str]] = {}

    @property
    def died(self) -> str:
        """How the child ended, or empty while it lives.

        Raises:
            GraderFailed: it ended because the grader's own process did.
        """
        if self._child is None or self._child.dead is None:
            return ""
        if self._zygote.failed:
            raise GraderFailed(self._zygote.failed)
        return self._child.dead.how

    async def prepare(self, cells: Sequence[Cell]) -> None:
        """Read the cells: in a child, where nothing of the learner's has run yet."""
        numbered = code_cells(cells)
        child = await self._started()
        sources = [cell.source for cell, _ in numbered]
        try:
            reply = await child.ask({"do": "prepare", "cells": sources}, _PREPARE_SECONDS)
            told = reply["cells"]
        except (ChildDied, TimeoutError):
            # Code that the compiler itself trips over: look which of the cells it is.
            await self.discard()
            told = [await self._prepared_alone(source) for source in sources]
        for (cell, number), one in zip(numbered, told, strict=True):
            source, error = str(one["source"]), str(one.get("error", ""))
            if error:
                self.notes.append(f"cell {number} was left out: {error}.")
            elif note := one.get("note"):
                self.notes.append(f"cell {number}: {note}.")
            self.cells.append(CodeCell(number, source, cell.tags, error))

    async def advance(self, place: int) -> Channel:
        """A child in which the first `place` cells have run, except those that are left out.

        Raises:
            OutOfTime: there is no time for that.
            GraderFailed: something of the grader's own failed.
        """
        while True:
            if self.died:
                await self.discard()
            child = await self._started()
            while self._ran < place and await self._run(child, self._ran):
                self._ran += 1
            if self._ran >= place:
                return child
            await self.discard()

    async def discard(self) -> None:
        """End the child; the next one starts anew."""
        if self._child is not None:
            await self._child.close()
        self._child, self._ran = None, 0

    def may_retry(self, what: tuple[int, str]) -> bool:
        """Whether something that went wrong, and may be the machine's fault, is tried again."""
        self._tries[what] += 1
        if self._tries[what] == 1 and self._confirmed < _CONFIRMED:
            return True
        self._confirmed += 1
        return False

    def seconds(self, wanted: float) -> float:
        """That many seconds, or what is left of the submission's.

        Raises:
            OutOfTime: nothing is left.
        """
        left = self._deadline - monotonic()
        if left <= 0:
            raise OutOfTime(f"the submission had used its {self._limits.submission_seconds:g} s")
        return min(wanted, left)

    async def _started(self) -> Channel:
        if self._child is None:
            self.seconds(0)
            if self._starts > self._limits.restarts:
                raise OutOfTime(f"its code had ended {self._limits.restarts} processes")
            self._starts += 1
            self._child = await self._zygote.start_child()
        return self._child

    async def _run(self, child: Channel, place: int) -> bool:
        """Run one cell; say whether the child can go on."""
        cell = self.cells[place]
        source = "" if cell.error else without_checks(cell.source)
        if not source or self._tries[place, "left out"]:
            return True
        question = {"do": "run", "number": cell.number, "source": source}
        limit = self._limits.cell_seconds
        try:
            reply = await child.ask(question, self.seconds(limit))
        except TimeoutError:
            why = f"it passed its limit of {limit:g} s"
        except ChildDied:
            why = f"it ended its process ({self.died})"
        else:
            self._note_error(place, reply)
            if not reply.get("out_of_memory"):
                return True
            # What it holds is missing in all that comes after it.
            why = f"it took more memory than its {self._limits.memory_mib} MiB"
            self._tries[place, "cell"] += 1
        if not self.may_retry((place, "cell")):
            self._tries[place, "left out"] = 1
            self.errors[place] = (f"The cell was left out: {why}.", f"cell {cell.number}")
            self.notes.append(f"cell {cell.number} was left out: {why}.")
        return False

    def _note_error(self, place: int, reply: dict[str, Any]) -> None:
        self.errors.pop(place, None)
        if "message" in reply:
            self.errors[place] = (str(reply["message"]), str(reply.get("where", "")))

    async def _prepared_alone(self, source: str) -> dict[str, Any]:
        child = await self._started()
        try:
            reply = await child.ask({"do": "prepare", "cells": [source]}, _PREPARE_SECONDS)
            return reply["cells"][0]
        except (ChildDied, TimeoutError):
            died = self.died  # raises if it was the grader's fault
            await self.discard()
            return {"source": "", "error": f"Python can't compile it ({died or 'too slow'})"}
