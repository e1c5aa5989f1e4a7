"""What an installed package brings along, read from the metadata of this environment.

`brings("fastapi[standard]")` follows `Requires-Dist` from package to package, as an installer does,
and shows itself as a figure: one package a line, below the one that first asked for it.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workbook import packages_svg


@dataclass(frozen=True)
class Package:
    """One package of the graph.

    Attributes:
        name: its canonical name: lower case, words joined by `-`.
        version: the installed version; empty if it is not installed.
        depth: how many steps it is away from what was asked for.
        wanted_by: the packages that ask for it, the first of them first.
    """

    name: str
    version: str
    depth: int
    wanted_by: tuple[str, ...]


@dataclass(frozen=True)
class Brought:
    """A requirement and every package that comes with it; the last expression of a cell shows it.

    Attributes:
        requirement: what was asked for, such as `fastapi[standard]`.
        packages: every package once, each below the one that first asked for it.
    """

    requirement: str
    packages: tuple[Package, ...]

    @property
    def names(self) -> set[str]:
        """The canonical names of all packages, with what was asked for."""
        return {package.name for package in self.packages}

    @property
    def title(self) -> str:
        """The caption of the figure."""
        return f"{self.requirement}: {len(self.packages)} packages"

    @property
    def alt(self) -> str:
        """What the figure shows, for a reader who does not see it."""
        first = [one.name for one in self.packages if one.depth == 1]
        most = max(self.packages, key=lambda one: len(one.wanted_by))
        return (
            f"A tree. {self.packages[0].name} asks for {', '.join(first) or 'nothing'}. "
            f"With what these ask for there are {len(self.packages)} packages."
            + (
                f" {most.name} is wanted by {len(most.wanted_by)} of them."
                if len(most.wanted_by) > 1
                else ""
            )
        )

    @property
    def table(self) -> str:
        """The figure in characters: a package a line."""
        return "\n".join(
            f"{'    ' * one.depth}{one.name} {one.version or '(not installed)'}"
            + (f"   also for {', '.join(one.wanted_by[1:])}" if one.wanted_by[1:] else "")
            for one in self.packages
        )

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.table}"

    @property
    def html(self) -> str:
        """The figure as one self-contained piece of HTML: no script, nothing loaded, no ids."""
        title = html.escape(self.title)
        return (
            f'<figure class="wb-packages"><style>{packages_svg.STYLE}</style>'
            f"<figcaption>{title}</figcaption>"
            f"{packages_svg.draw(self.packages, title=self.title, alt=self.alt)}"
            f"<details><summary>The same as text</summary><pre tabindex='0'>"
            f"{html.escape(self.table)}</pre></details></figure>"
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": str(self)}


def brings(requirement: str) -> Brought:
    """Find what a requirement brings along on this machine.

    Args:
        requirement: a package, perhaps with extras: `fastapi`, `sqlalchemy[aiosqlite]`. A bound on
            its version plays no part: the installed version is the one that is read.

    Returns:
        The packages, in the order in which they are drawn. One that is asked for but is not
        installed is there with an empty version.

    Raises:
        ValueError: it is no requirement; it is an `InvalidRequirement` of `packaging`.
    """
    asked = Requirement(requirement)
    wanted_by, extras = _follow(asked)
    root = canonicalize_name(asked.name)
    return Brought(requirement, tuple(_in_order(root, wanted_by, extras)))


def _follow(asked: Requirement) -> tuple[dict[str, list[str]], dict[str, set[str]]]:
    """Every package with those that ask for it, nearest first, and with the extras asked of it."""
    root = canonicalize_name(asked.name)
    wanted_by: dict[str, list[str]] = {root: []}
    extras: dict[str, set[str]] = {root: set(asked.extras)}
    waiting = [root]
    while waiting:
        name = waiting.pop(0)
        for needed in needs(name, extras[name]):
            other = canonicalize_name(needed.name)
            parents = wanted_by.setdefault(other, [])
            if name not in parents and name != other:
                parents.append(name)
            if other not in extras or not needed.extras <= extras[other]:
                extras.setdefault(other, set()).update(needed.extras)
                waiting.append(other)  # again, if it is now asked for more
    return wanted_by, extras


def _in_order(
    name: str, wanted_by: dict[str, list[str]], extras: dict[str, set[str]], depth: int = 0
) -> Iterator[Package]:
    """A package, then those for which it was the first to ask."""
    yield Package(name, _version(name), depth, tuple(wanted_by[name]))
    below = {canonicalize_name(one.name) for one in needs(name, extras[name])}
    for other in sorted(below):
        if wanted_by[other][:1] == [name]:
            yield from _in_order(other, wanted_by, extras, depth + 1)


def needs(name: str, extras: set[str] | frozenset[str] = frozenset()) -> list[Requirement]:
    """What one installed package itself asks for, on this machine.

    Args:
        name: the package.
        extras: the extras that were asked of it; without them, what only they bring is left out.
    """
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return []
    found = [Requirement(line) for line in lines]
    return [
        one
        for one in found
        if one.marker is None
        or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
