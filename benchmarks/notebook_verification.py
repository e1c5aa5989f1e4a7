"""Verifying notebooks without a kernel, against nbmake on the same ones.

Both run in whole processes, in turn, on the notebooks that hold code; the ratio is taken pair by
pair. Run: python benchmarks/notebook_verification.py [ROUNDS]
"""

import statistics
import subprocess
import sys
from time import perf_counter

import nbformat

from workbook import chapters

OURS = """
import sys
from pathlib import Path
from workbook.running import run_notebooks
runs = list(run_notebooks([Path(one) for one in sys.argv[1:]], workers=2))
sys.exit("; ".join(run.error for run in runs if run.error) or 0)
"""


def seconds(command: list[str]) -> float:
    """How long a command takes; it must succeed."""
    began = perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=chapters.ROOT)
    return perf_counter() - began


def main(rounds: int) -> None:
    """Print the seconds of each round, the medians and the ratio."""
    paths = [
        str(path)
        for place in chapters.chapters()
        for path in (place.path, place.solution_path)
        if any(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)
    ]
    ours = [sys.executable, "-c", OURS, *paths]
    nbmake = [sys.executable, "-m", "pytest", "-q", "--nbmake", "-n", "2", *paths]
    pairs = []
    for _ in range(rounds):
        pairs.append((seconds(ours), seconds(nbmake)))
        print(f"without a kernel {pairs[-1][0]:.2f} s, nbmake -n 2 {pairs[-1][1]:.2f} s")
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"{len(paths)} notebooks, median ratio {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
