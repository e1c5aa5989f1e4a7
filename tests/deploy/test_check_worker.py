"""What the health check of the worker says about its queue."""

import pytest
from amqp import AccessRefused, NotFound
from kombu import Connection, Queue

from deploy import check_worker
from tests.services import RABBITMQ, broker_namespace


@pytest.fixture
def queue_name(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """A queue of RabbitMQ that this test alone knows, and that the settings name."""
    RABBITMQ.need()
    monkeypatch.chdir(tmp_path)
    with broker_namespace() as namespace:
        monkeypatch.setenv("SHOP_BROKER_URL", namespace["broker_url"])
        monkeypatch.setenv("SHOP_BROKER_QUEUE", namespace["broker_queue"])
        yield namespace["broker_queue"]


def test_somebody_listens(queue_name: str):
    """Healthy while a worker has the queue, and no longer."""
    with Connection(RABBITMQ.url) as connection:
        with connection.Consumer([Queue(queue_name)], callbacks=[print]):
            assert check_worker.main() == 0
        assert check_worker.main() == 1


def test_no_worker_ever_came(queue_name: str):
    """The first worker makes the queue: without it there was none."""
    with pytest.raises(NotFound):
        check_worker.main()


def test_a_broker_that_refuses(queue_name: str, monkeypatch: pytest.MonkeyPatch):
    """Audit 17.2: access denied is an error and not a sign of life."""
    url = RABBITMQ.url.replace("guest:guest", "guest:wrong")
    monkeypatch.setenv("SHOP_BROKER_URL", url)
    with pytest.raises(AccessRefused):
        check_worker.main()


def test_no_broker(monkeypatch: pytest.MonkeyPatch, tmp_path, capsys):
    """The message says what to set."""
    monkeypatch.chdir(tmp_path)
    assert check_worker.main() == 1
    assert "set SHOP_BROKER_URL" in capsys.readouterr().err
