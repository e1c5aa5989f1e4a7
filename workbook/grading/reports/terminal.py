"""What the terminal shows of a run: a bar while it works, then a table and what to look at."""

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from workbook.grading.marks import SubmissionMark
from workbook.grading.reports.gradebooks import Filled
from workbook.grading.reports.plain_text import counted, one_line
from workbook.grading.reports.run import Run
from workbook.grading.reports.statistics import summary

_MOST_ROWS = 60


class Rate(TextColumn):
    """How many submissions are graded in a second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task) -> Text:
        """The rate of the last seconds, or nothing before the first."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def progress_bar(console: Console) -> Progress:
    """A bar with a count, a rate and the time that is left."""
    return Progress(
        TextColumn("Grading"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def show(run: Run, console: Console) -> None:
    """Print the table of the class; nothing in it can move a cursor or be taken for markup."""
    exercises = run.assignment.exercises
    table = Table("learner", box=None, pad_edge=False)
    table.add_column("points", justify="right")
    # A column for each exercise fits until there are about ten of them.
    wide = len(exercises) <= 10
    for number, _ in enumerate(exercises, 1):
        if wide:
            table.add_column(str(number), justify="right")
    for mark in run.marks[:_MOST_ROWS]:
        cells = [Text(one_line(mark.learner, 32))]
        if mark.problem:
            table.add_row(*cells, Text("not graded", style="yellow"))
            continue
        cells.append(Text(f"{mark.earned} of {mark.points}"))
        if wide:
            cells += [_share(one.earned, one.points) for one in mark.exercises]
        table.add_row(*cells)
    console.print(table)
    if len(run.marks) > _MOST_ROWS:
        console.print(f"… and {len(run.marks) - _MOST_ROWS} more, in grades.csv.")
    if wide:
        for number, exercise in enumerate(exercises, 1):
            console.print(Text(f"  {number}  {exercise.id} ({exercise.points})"))
    if (found := summary(run.graded)) is not None:
        console.print(
            f"{found.learners} graded: mean {found.mean:.1f}, median {found.median:g}, "
            f"{found.lowest} to {found.highest} of {run.points} points."
        )


def _share(earned: int, points: int) -> Text:
    style = "green" if earned == points else "" if earned else "red"
    return Text(f"{earned}/{points}", style=style)


def show_problems(marks: Sequence[SubmissionMark], console: Console) -> None:
    """Say of each submission that could not be graded why, and what to do; each reason once."""
    reasons: dict[str, list[str]] = {}
    for mark in marks:
        if mark.problem:
            reasons.setdefault(mark.problem, []).append(one_line(mark.learner, 40))
    for problem, learners in reasons.items():
        more = f" and {len(learners) - 5} more" if len(learners) > 5 else ""
        console.print(Text(f"! {', '.join(learners[:5])}{more}: {one_line(problem, 300)}"))


def show_gradebook(name: str, filled: Filled, console: Console) -> None:
    """Say how many marks went into a gradebook, and who has to be entered by hand."""
    same = f", {filled.unchanged} were there already" if filled.unchanged else ""
    console.print(f"{name}.csv: {counted(filled.filled, 'mark')} filled in{same}.")
    for one in filled.unknown:
        console.print(Text(f"  enter by hand: {one_line(one)}"))
    if filled.without:
        names = ", ".join(one_line(one, 40) for one in filled.without[:10])
        more = f" and {len(filled.without) - 10} more" if len(filled.without) > 10 else ""
        console.print(Text(f"  nothing handed in: {names}{more}"))
