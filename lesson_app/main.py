"""The app that a server runs: `fastapi dev` and `fastapi run` look for `app` here.

Apart from `application`, so that a lesson or a test can make apps without making this one.
"""

from lesson_app.application import create_app
from lesson_app.config import Settings
from lesson_app.core.logs import configure_logs

settings = Settings()
configure_logs(settings)
app = create_app(settings)
