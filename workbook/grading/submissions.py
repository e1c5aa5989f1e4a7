"""From what was handed in to one submission a learner: a notebook, or the reason why there is none."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from workbook.cells import NotANotebook
from workbook.grading.file_names import Owner, of_canvas, owner, readable
from workbook.grading.handed_in import Bounds, CannotRead, Entry, NoSubmissions, entries
from workbook.grading.marks import Submission
from workbook.grading.notebooks import Notebook, join, read_notebook

OTHER_CHAPTER = "It checks none of the exercises that count: is it another chapter?"

_NO_SUBMISSION = frozenset(
    {".csv", ".tsv", ".md", ".rst", ".xml", ".log", ".ini", ".toml", ".lock"}
)
"""Files that lie about beside submissions; in a learner's own folder they tell nothing either."""

_MOST_REASONS = 20
"""Files of one learner about which something is said; the others are counted."""

_MAY_BE_RENAMED = frozenset({"", ".txt", ".json", ".jupyter", ".nb", ".bak", ".download"})
"""A browser or a mail program may have given a notebook such an ending."""


@dataclass(frozen=True)
class Candidate:
    """A notebook that may be the one to grade."""

    file: str
    modified: float
    notebook: Notebook


@dataclass
class HandedIn:
    """Everything that one learner handed in.

    Attributes:
        owner: who.
        candidates: the notebooks among it.
        refused: the other files, each with the reason why it is no notebook to grade.
        notes: what is odd about it.
    """

    owner: Owner
    candidates: list[Candidate] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def gather(
    source: Path,
    stems: Collection[str],
    bounds: Bounds | None = None,
    output: Path | None = None,
) -> list[HandedIn]:
    """Read a folder or zip archive, and tell learners apart.

    Args:
        source: the folder or archive.
        stems: the names under which notebooks were handed out, such as `02_fastapi_basics`.
        bounds: how much is read at most.
        output: where reports go; nothing in it was handed in.

    Returns:
        One for each learner, by name.

    Raises:
        NoSubmissions: nothing was handed in, or the folder can't be read.
    """
    found = entries(source, bounds or Bounds(), output)
    found = _without_wrapper(found, frozenset(stems), zipped=_one_archive(source, found))
    by_owner: dict[tuple[str, str, str], list[tuple[Entry, Owner]]] = defaultdict(list)
    downloads = _downloads(found, frozenset(stems))
    for entry in found:
        who = owner(entry.path, frozenset(stems), inside=entry.path.parts[0] in downloads)
        alone = len(entry.path.parts) == 1 and not who.platform
        if alone and entry.path.suffix.lower() in _NO_SUBMISSION:
            continue
        by_owner[who.platform, who.number, who.name].append((entry, who))
    if not by_owner:
        raise NoSubmissions(
            f"Nothing was handed in: {source} holds no notebook. Name the folder that holds one "
            "notebook or one folder for each learner, or the zip file from Moodle or Canvas."
        )
    smallest_first = sorted(by_owner.values(), key=lambda mine: sum(one.size for one, _ in mine))
    together = [_of_one_learner(mine) for mine in smallest_first]
    return sorted(together, key=lambda one: (one.owner.name.casefold(), one.owner.key))


def choose(handed_in: Iterable[HandedIn], expected: Collection[str]) -> list[Submission]:
    """One submission for each learner.

    Args:
        handed_in: what `gather` gave.
        expected: the ids of the exercises that count.
    """
    keys: Counter[str] = Counter()
    chosen = []
    for one in handed_in:
        key = one.owner.key
        # Keys become file names, and not every file system tells `ada` from `Ada`.
        keys[key.casefold()] += 1
        if keys[key.casefold()] > 1:
            key = f"{key}~{keys[key.casefold()]}"
        chosen.append(_submission(key, one, frozenset(expected)))
    return chosen


def _one_archive(source: Path, found: list[Entry]) -> bool:
    """Whether everything comes out of one archive."""
    return not source.is_dir() or len(found) == sum(
        one.path.parts[0] == found[0].path.parts[0] and ".zip" in one.path.parts[0].lower()
        for one in found
    )


def _without_wrapper(found: list[Entry], stems: frozenset[str], *, zipped: bool) -> list[Entry]:
    """Leave out one folder around everything, as a zip program puts it there.

    Several notebooks in the one folder of a folder are those of one learner; in an archive they
    are a class.
    """
    inner = {entry.path.parts[1:2] for entry in found}
    notebooks = any(len(entry.path.parts) < 3 for entry in found)
    handed_out = all(name and PurePosixPath(name[0]).stem in stems for name in inner)
    if (
        len({entry.path.parts[0] for entry in found}) != 1
        or len(inner) < 2
        or () in inner
        or handed_out
        or (notebooks and not zipped)
    ):
        return found
    return [
        Entry(PurePosixPath(*one.path.parts[1:]), one.read, one.modified, one.notes)
        for one in found
    ]


def _downloads(found: list[Entry], stems: frozenset[str]) -> set[str]:
    """The folders and archives that hold what Canvas named, and not what one learner did.

    A learner may call a notebook `lab_2_1.ipynb`, too; so it takes the names of two.
    """
    names: dict[str, set[str]] = defaultdict(set)
    for entry in found:
        first, *inner = entry.path.parts
        names[first] |= {at["name"] for part in inner if (at := of_canvas(part, stems))}
    return {first for first, inside in names.items() if len(inside) > 1 or len(names) == 1}


def _of_one_learner(mine: list[tuple[Entry, Owner]]) -> HandedIn:
    together = HandedIn(mine[0][1])
    others = []
    for entry, who in mine:
        if entry.path.suffix.lower() == ".ipynb":
            _read(entry, who, together)
        else:
            others.append((entry, who))
    for entry, who in others:
        suffix = entry.path.suffix.lower()
        if not together.candidates and suffix in _MAY_BE_RENAMED:
            _read(entry, who, together)
        elif suffix not in _NO_SUBMISSION:
            together.refused.append((readable(who.file), _why_not(entry, suffix)))
    return together


def _read(entry: Entry, who: Owner, together: HandedIn) -> None:
    file = readable(who.file)
    try:
        notebook = read_notebook(entry.read())
    except (CannotRead, NotANotebook) as error:
        together.refused.append((file, str(error)))
        return
    together.candidates.append(Candidate(file, entry.modified, notebook))
    together.notes += entry.notes
    if entry.path.suffix.lower() != ".ipynb":
        together.notes.append(f"{file} is a notebook under another ending.")


def _why_not(entry: Entry, suffix: str) -> str:
    if suffix in {".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz"}:
        return "An archive of this kind is not opened. Ask for the notebook, or for a .zip."
    if suffix in {".html", ".htm", ".pdf"}:
        return "It is a printed page. Ask for the notebook itself, the file that ends in .ipynb."
    try:
        entry.read()
    except CannotRead as error:
        return str(error)
    return "It is no notebook. Ask for the file that ends in .ipynb."


def _submission(key: str, one: HandedIn, expected: frozenset[str]) -> Submission:
    learner = one.owner.name
    if not one.candidates:
        refused = one.refused or [("nothing", "No notebook was handed in.")]
        problem = " ".join(_few([f"{file}: {why}" for file, why in refused]))
        return Submission(key, learner, refused[0][0], problem=problem, notes=tuple(one.notes))
    notes = list(one.notes)
    notes += _few([f"{file} was left out. {why}" for file, why in one.refused])
    chosen, file, said = _best(one.candidates, expected)
    notes += [*said, *chosen.notes]
    # An answer whose check is gone is found by its cell's tag.
    answers = chosen.checks.union(*(cell.tags for cell in chosen.cells))
    if not answers & expected:
        notes.append(OTHER_CHAPTER)
    return Submission(key, learner, file, chosen.data, notes=tuple(dict.fromkeys(notes)))


def _few(texts: list[str]) -> list[str]:
    """The first of them: an archive may hold thousands of files, and a report has to be read."""
    more = len(texts) - _MOST_REASONS
    return texts if more <= 0 else [*texts[:_MOST_REASONS], f"And {more} files more."]


def _best(
    candidates: list[Candidate], expected: frozenset[str]
) -> tuple[Notebook, str, tuple[str, ...]]:
    """The notebook to grade, its name, and what to say about the others."""
    ranked = sorted(
        candidates,
        key=lambda one: (len(one.notebook.checks & expected), one.modified, one.file),
        reverse=True,
    )
    best = ranked[0]
    if len(ranked) == 1:
        return best.notebook, best.file, ()
    apart, seen = [], frozenset()
    for one in ranked:
        mine = one.notebook.checks & expected
        if mine and not mine & seen:
            apart.append(one)
            seen |= mine
    if len(apart) > 1:
        apart.sort(key=lambda one: one.file)
        names = " + ".join(one.file for one in apart)
        left_out = _few([one.file for one in ranked if one not in apart])
        said = f"{names} hold different exercises and were graded as one."
        rest = (f"Not graded: {', '.join(left_out)}.",) if left_out else ()
        return join([one.notebook for one in apart]), names, (said, *rest)
    others = ", ".join(_few([one.file for one in ranked[1:]]))
    said = (
        f"{len(ranked)} notebooks were handed in. {best.file} was graded: the most checks "
        f"({len(best.notebook.checks & expected)}), and of those the newest. Not graded: {others}."
    )
    return best.notebook, best.file, (said,)
