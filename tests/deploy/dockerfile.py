"""Reads a Dockerfile, and does what a stage of it says in a folder, without Docker.

Knows what deploy/Dockerfile uses and no more.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined: `RUN`, `python -m compileall`."""

    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The value without options such as `--from=builder`."""
        return [word for word in self.value.split() if not word.startswith("--")]

    @property
    def command(self) -> list[str]:
        """The command of a `CMD` or a `HEALTHCHECK` in its exec form."""
        return json.loads(self.value[self.value.index("[") :])


def read_stages(path: Path) -> list[list[Instruction]]:
    """Return the instructions of each stage, which begins with `FROM`."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    stages: list[list[Instruction]] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line:
            name, value = line.split(maxsplit=1)
            if name == "FROM":
                stages.append([])
            stages[-1].append(Instruction(name, value))
    return stages


def variables(instruction: Instruction) -> dict[str, str]:
    """Return what an `ENV` sets."""
    return {
        name: quoted or plain
        for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', instruction.value)
    }


def is_sent(path: PurePosixPath, patterns: list[str]) -> bool:
    """Say whether a file gets into the build context; the last pattern that fits decides."""
    sent = True
    for pattern in patterns:
        body = re.escape(pattern.removeprefix("!"))
        expression = body.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(expression, str(one)) for one in (path, *path.parents)):
            sent = pattern.startswith("!")
    return sent


def build(stage: list[Instruction], context: Path, root: Path, environment: dict[str, str]) -> None:
    """Do what a stage says, with `root` for the root of the image's file system.

    Raises:
        subprocess.CalledProcessError: a `RUN` failed.
        FileNotFoundError: what a `COPY` names is not in the context.
    """
    environment = dict(environment)
    folder = root
    for instruction in stage:
        match instruction.name:
            case "ENV":
                environment |= variables(instruction)
            case "WORKDIR":
                folder = root / instruction.value.lstrip("/")
                folder.mkdir(parents=True)
            case "COPY" if "--from=" not in instruction.value:
                *sources, target = instruction.words
                for source in sources:
                    if (context / source).is_dir():
                        shutil.copytree(context / source, folder / target)
                    else:
                        shutil.copy(context / source, folder / target)
            case "RUN":
                command = re.sub(r"^(--\S+\s+)+", "", instruction.value)
                subprocess.run(command, shell=True, check=True, cwd=folder, env=environment)
