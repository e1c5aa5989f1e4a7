"""Is the queue read? Exits with 0 only if RabbitMQ answers and a worker listens to it.

Part of the image. RabbitMQ counts who listens and does not say who they are: where several workers
run, this tells when none is left.
"""

import sys

from kombu import Connection

from lesson_app.config import Settings

SECONDS = 5


def main() -> int:
    """Count who listens to the queue of the settings; a broker that refuses or is away raises."""
    settings = Settings()
    if settings.broker_url is None:
        print("a worker needs a broker: set SHOP_BROKER_URL", file=sys.stderr)
        return 1
    url = settings.broker_url.get_secret_value()
    with Connection(url, connect_timeout=SECONDS) as connection, connection.channel() as channel:
        queue = channel.queue_declare(settings.broker_queue, passive=True)
    return 0 if queue.consumer_count else 1


if __name__ == "__main__":
    sys.exit(main())
