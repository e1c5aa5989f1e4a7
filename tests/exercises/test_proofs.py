"""The five proofs, for every exercise, in this process and in another one."""

import pytest

from workbook.exercise import Exercise, exercises
from workbook.proofs import prove

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.id)
async def test_exercise_is_sound(exercise: Exercise) -> None:
    """Starter, solution, wrong answers, a second right answer and hints are as they must be."""
    result = await prove([exercise])
    assert [str(flaw) for flaw in result.flaws] == []
    assert result.requirements == len(exercise.requirements) > 0
    assert result.wrong_answers >= result.requirements
