"""The shop: a small, complete FastAPI backend that the chapters build on and take apart.

Importing this package opens nothing and creates no file; `create_app()` makes a shop.
"""

from lesson_app.application import create_app
from lesson_app.config import InMemorySettings, Settings

__all__ = ["InMemorySettings", "Settings", "create_app"]
