"""The worker: `celery -A lesson_app.worker worker` looks for `app` here.

Apart from `tasks`, so that the app can hand over work without reading the worker's settings.
"""

from celery.signals import setup_logging

from lesson_app.config import Settings
from lesson_app.core.logs import configure_logs
from lesson_app.tasks import make_celery

settings = Settings()
app = make_celery(settings)


@setup_logging.connect
def log_as_the_app_does(**options: object) -> None:
    """Write the lines of the worker in the form of the app's; Celery asks when it starts."""
    configure_logs(settings)
