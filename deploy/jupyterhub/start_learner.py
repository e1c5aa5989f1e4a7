"""Start one learner's JupyterLab: hand out the chapters, then become the server.

JupyterHub runs this as the learner. A chapter that is not in `~/fastapi` yet is copied there, and
one that is there is never touched; so a chapter is handed out by putting it into the workbook.
"""

import os
import sys
from pathlib import Path

from workbook.lab import copy_chapters, lab_command

FOLDER = "fastapi"


def main() -> None:
    """Copy what is new and start the server with the options that the hub gave."""
    work = Path.home() / FOLDER
    copied = copy_chapters(work)
    print(f"{len(copied)} chapters handed out to {work}", file=sys.stderr)
    # The workbook's settings of JupyterLab, as `workbook lab` has them; the rest is the hub's.
    environment = lab_command(work, None, False)[1]
    os.chdir(work)
    server = [sys.executable, "-m", "jupyterhub.singleuser", f"--ServerApp.root_dir={work}"]
    os.execve(server[0], [*server, *sys.argv[1:]], environment)


if __name__ == "__main__":
    main()
