"""JupyterHub for a class: one machine, the workbook read-only, a copy of the chapters for each.

Install JupyterHub into an environment of its own, put the workbook where all can read it and nobody
but you can write (`/opt/fastapi-workbook`, `make setup`), and start
`jupyterhub -f /opt/fastapi-workbook/deploy/jupyterhub/jupyterhub_config.py`.
"""

import os
from pathlib import Path

WORKBOOK = Path(os.environ.get("WORKBOOK", "/opt/fastapi-workbook"))

c = get_config()  # noqa: F821 # ty: ignore[unresolved-reference]  # JupyterHub puts it there

# Learners are users of the machine, so that files are kept apart by the system itself.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"learners"}
c.PAMAuthenticator.admin_groups = {"instructors"}

# The workbook's own environment serves each learner: `jupyterhub` has to be installed there too.
c.Spawner.cmd = [
    str(WORKBOOK / ".venv" / "bin" / "python"),
    str(WORKBOOK / "deploy" / "jupyterhub" / "start_learner.py"),
]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120
# Kept apart by the system, and bounded only if the spawner can do that: SystemdSpawner does.
c.Spawner.mem_limit = "1G"
c.Spawner.cpu_limit = 1.0
