"""The adapter of an exercise, cut out of its module without the requirements."""

import subprocess
import sys

import pytest

from workbook.exercise import Exercise, exercises
from workbook.grading.adapters import NoAdapter, adapter_code


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.id)
def test_no_requirement_comes_along(exercise: Exercise) -> None:
    """The code names no requirement, no hint and no exercise, and compiles by itself."""
    code, expression = adapter_code(exercise)
    everything = code + expression
    told = [one.name for one in exercise.requirements] + [*exercise.hints, "Exercise("]
    assert [part for part in told if part in everything] == []
    namespace: dict[str, object] = {"__name__": "alone"}
    exec(compile(code, "<adapter>", "exec"), namespace)  # noqa: S102 - the workbook's own code
    assert callable(eval(expression, namespace))


def test_it_imports_no_exercise() -> None:
    """All adapters together can be made where the exercises' modules can't be imported."""
    codes = [adapter_code(exercise) for exercise in exercises()]
    program = (
        "import sys, json\n"
        "sys.modules['workbook.exercises'] = None\n"
        "for code, expression in json.loads(sys.stdin.read()):\n"
        "    space = {'__name__': 'alone'}\n"
        "    exec(code, space)\n"
        "    assert callable(eval(expression, space))\n"
        "print(len([name for name in sys.modules if name.startswith('workbook.exercises.')]))\n"
    )
    import json

    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(codes),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_an_exercise_without_a_module_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exercise that no module's top level makes has no adapter that could be cut out."""
    from workbook import exercise

    monkeypatch.setattr(exercise, "_registry", {})
    made = Exercise("made_here", title="", kind="make", section="2.1", hints=("", "", ""))

    @made.requirement("it answers")
    async def answers(client: object) -> None: ...

    with pytest.raises(NoAdapter, match="No statement says `made_here = Exercise"):
        adapter_code(made)
