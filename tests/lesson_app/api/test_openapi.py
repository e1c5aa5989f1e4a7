"""The OpenAPI document, compared with the one that was reviewed.

After a change that is meant, write the new document and read its diff:

    python -c "import json, lesson_app as shop; \
    print(json.dumps(shop.create_app().openapi(), indent=2))" > tests/lesson_app/openapi.json
"""

import json
from pathlib import Path
from typing import Any

from lesson_app import create_app

SNAPSHOT = Path(__file__).parent.parent / "openapi.json"


def operations() -> list[dict[str, Any]]:
    paths = create_app().openapi()["paths"]
    return [operation for path in paths.values() for operation in path.values()]


def test_the_document_is_the_reviewed_one():
    """No part of the public contract changes unseen."""
    assert create_app().openapi() == json.loads(SNAPSHOT.read_text())


def test_every_error_is_a_problem_document():
    """Each error that is documented has the media type and the shape that is sent."""
    expected = {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
    }
    errors = [
        response["content"]
        for operation in operations()
        for status, response in operation["responses"].items()
        if not status.startswith(("2", "3"))
    ]
    assert errors == [expected] * len(errors)
    assert len(errors) >= len(operations())


def test_the_default_validation_error_is_gone():
    """FastAPI's own shape of a 422 is not described, because it is never sent."""
    assert "HTTPValidationError" not in json.dumps(create_app().openapi())


def test_operation_ids_are_the_names_of_functions():
    """A generated client gets methods that can be read."""
    ids = [operation["operationId"] for operation in operations()]
    assert len(set(ids)) == len(ids)
    assert {"list_items", "read_item", "place_order", "log_in"} <= set(ids)
    assert [one for one in ids if not one.isidentifier() or one != one.lower()] == []


def test_the_document_can_be_asked_for_again():
    """FastAPI keeps the document; describing its errors twice changes nothing."""
    app = create_app()
    assert app.openapi() == app.openapi()
