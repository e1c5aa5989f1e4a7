"""What one submission may use."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """What one submission may use; all of it can be set.

    Nothing that a notebook prints is kept, so there is no limit on output.

    Attributes:
        cell_seconds: wall time of one cell, and of making an answer servable. A cell that passes it
            is left out, with all that it did.
        answer_seconds: wall time of one requirement, unless its exercise has a shorter one.
        submission_seconds: wall time of the whole submission; what was not judged by then is not met.
        memory_mib: address space, in MiB, above what the libraries take.
        disk_mib: space for files, in MiB.
        threads: threads at once. Processes there are none: a child can't start any.
        open_files: open files and sockets at once.
        answers_mib: all that the answers of one process may send to the grader, in MiB.
        restarts: new processes for one submission, after cells that end theirs.

    Raises:
        ValueError: a limit is not above zero.
    """

    cell_seconds: float = 3.0
    answer_seconds: float = 5.0
    submission_seconds: float = 180.0
    memory_mib: int = 1024
    disk_mib: int = 32
    threads: int = 128
    open_files: int = 256
    answers_mib: int = 64
    restarts: int = 40

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"{field.name} must be above zero")
