"""What the health checks answer."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    """The app runs and answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Everything that the app needs answers."""

    status: Literal["ready"] = "ready"
