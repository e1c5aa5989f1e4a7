"""`workbook` on the command line."""

import asyncio
import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from workbook import coverage as coverage_report
from workbook import doctor as machine
from workbook import lab as laboratory
from workbook import notebook
from workbook.chapters import Chapter, chapters
from workbook.exercise import Exercise, UnknownExercise, exercises, find
from workbook.grading.command import grade
from workbook.running import Checked, run_notebooks
from workbook.tidy import tidy as tidy_notebook
from workbook.update import update_work

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The FastAPI Workbook: lessons, checks and proofs.",
)
console = Console(highlight=False)
app.command()(grade)


@app.command()
def doctor() -> None:
    """Say what is missing on this machine, and how to get it."""
    healthy = True
    for found in machine.examine_machine():
        mark = "✓" if not found.remedy else "✗" if found.needed else "!"
        console.print(f"{mark} {found.what}: {found.found}", markup=False)
        if found.remedy:
            console.print(f"    {found.remedy}", markup=False)
            healthy = healthy and not found.needed
    console.print(
        "Everything a learner needs is here."
        if healthy
        else "Mend what is marked ✗, then run again."
    )
    raise typer.Exit(0 if healthy else 1)


@app.command()
def lab(
    port: Annotated[int | None, typer.Option(help="The port; by default a free one.")] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser, if there is a display.")] = True,
) -> None:
    """Copy the chapters to `work/` and open JupyterLab on the first one."""
    try:
        copied = laboratory.copy_chapters(laboratory.WORK)
    except OSError as error:
        console.print(f"The chapters can't be copied: {error}.", markup=False)
        console.print("Make the workbook's folder writable, or clone it elsewhere.")
        raise typer.Exit(1) from None
    what = f"{len(copied)} chapters copied to" if copied else "Your work is in"
    console.print(f"{what} {laboratory.WORK}", markup=False)
    command, environment = laboratory.lab_command(laboratory.WORK, port, browser)
    if "--no-browser" in command:
        console.print("Open the address below that begins with http://127.0.0.1 in a browser.")
    os.execve(command[0], command, environment)


@app.command()
def update() -> None:
    """Merge a newer book into `work/`, keeping what you wrote."""
    changed = update_work(laboratory.WORK)
    for done in changed:
        note = f": {done.note}" if done.note else ""
        console.print(f"{done.what:<9}{done.name}{note}", markup=False)
    if not changed:
        console.print("Your notebooks are up to date.")


@app.command()
def check(
    what: Annotated[str | None, typer.Argument(help="An exercise's id or a chapter.")] = None,
) -> None:
    """Check your work without opening it: an exercise, a chapter, or everything."""
    chosen, only = _choose(what)
    folder = laboratory.WORK if laboratory.WORK.exists() else chosen[0].path.parent
    found: list[Checked] = []
    broken = False
    for run in run_notebooks([folder / place.path.name for place in chosen]):
        found += [one for one in run.checks if only is None or one.exercise == only.id]
        if run.error:
            broken = True
            console.print(f"{run.path.name} stops at {run.error}", markup=False)
    for one in found:
        if only is not None or one.outcome != "passed":
            console.print(f"\n{one.card}", markup=False)
    if not found:
        console.print("No check was run: the notebook stops before it, or has no `check` cell.")
    passed = sum(one.outcome == "passed" for one in found)
    console.print(f"\n{passed} of {len(found)} exercises passed.")
    raise typer.Exit(0 if found and passed == len(found) and not broken else 1)


@app.command()
def progress(
    chapter: Annotated[int | None, typer.Argument(help="List this chapter's exercises.")] = None,
) -> None:
    """Show what has been passed."""
    _in_work()
    console.print(notebook.progress(chapter).text, markup=False)


@app.command("next")
def next_() -> None:
    """Say what to do next."""
    _in_work()
    console.print(notebook.next_up().text, markup=False)


@app.command()
def prove(
    ids: Annotated[list[str] | None, typer.Argument(help="These exercises only.")] = None,
    other_process: Annotated[
        bool, typer.Option(help="Run each answer in another process, too.")
    ] = True,
) -> None:
    """Prove that every exercise is sound: the five proofs."""
    from workbook.proofs import prove as run_proofs

    chosen = [_find(one) for one in ids] if ids else None
    result = asyncio.run(run_proofs(chosen, other_process=other_process))
    for flaw in result.flaws:
        console.print(f"✗ {flaw}", markup=False)
    console.print(
        f"{result.exercises} exercises, {result.requirements} requirements, "
        f"{result.wrong_answers} wrong answers, {result.right_answers} right answers: "
        + (f"{len(result.flaws)} proofs fail." if result.flaws else "all proofs hold.")
    )
    raise typer.Exit(1 if result.flaws else 0)


@app.command()
def coverage(
    missing: Annotated[bool, typer.Option(help="List what is not covered yet.")] = False,
) -> None:
    """Count the sections and documentation pages that the chapters cover."""
    result = coverage_report.report()
    if missing:
        for line in result.missing:
            console.print(line, markup=False)
    table = Table("chapter", "title", "sections", "pages", box=None)
    for place in chapters():
        sections = [one for one in result.sections if one.chapter == place.number]
        pages = [one for one in result.pages if one.chapter == place.number]
        table.add_row(
            str(place.number),
            place.title,
            f"{sum(one.covered for one in sections)}/{len(sections)}",
            f"{sum(one.covered for one in pages)}/{len(pages)}",
        )
    console.print(table)
    console.print(f"Covered: {result}. Still missing: {len(result.missing)}.")


@app.command()
def tidy() -> None:
    """For authors: bring the notebooks into the form in which they are committed."""
    for place in chapters():
        for path in (place.path, place.solution_path):
            if tidy_notebook(path):
                console.print(f"tidied {path.parent.name}/{path.name}", markup=False)


def _choose(what: str | None) -> tuple[list[Chapter], Exercise | None]:
    """The chapters to run, and the exercise if one was named."""
    everything = list(chapters())
    if what is None:
        with_exercises = {one.chapter for one in exercises()}
        return [place for place in everything if place.number in with_exercises], None
    for place in everything:
        if what.removesuffix(".ipynb") in (place.stem, str(place.number), f"{place.number:02}"):
            return [place], None
    exercise = _find(what)
    return [place for place in everything if place.number == exercise.chapter], exercise


def _find(id: str) -> Exercise:
    try:
        return find(id)
    except UnknownExercise as unknown:
        console.print(str(unknown), markup=False)
        raise typer.Exit(2) from None


def _in_work() -> None:
    """Read the progress of `work/` from wherever the command is called."""
    if laboratory.WORK.exists():
        os.chdir(laboratory.WORK)


if __name__ == "__main__":
    app()
