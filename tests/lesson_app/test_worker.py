"""The worker that `celery -A lesson_app.worker worker` starts."""

import json
import logging
import runpy

from celery.signals import setup_logging


def test_a_worker_logs_as_the_app_does(restored_logs, monkeypatch, capsys):
    """Its lines are JSON in production; Celery, which asks for it, adds no handler of its own."""
    monkeypatch.setenv("SHOP_BROKER_URL", "amqp://guest:guest@127.0.0.1:1//")
    monkeypatch.setenv("SHOP_LOG_FORMAT", "json")
    # Every run of the module connects a receiver, which lives until that module is collected.
    monkeypatch.setattr(setup_logging, "receivers", [])
    module = runpy.run_module("lesson_app.worker")
    answers = setup_logging.send(sender=None)
    logging.getLogger("celery.worker").info("ready")
    assert [answer for _, answer in answers] == [None]
    assert module["app"].main == "shop"
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    # What another test left behind may say something too, when it is collected just now.
    assert [one["event"] for one in lines if one["logger"] == "celery.worker"] == ["ready"]
