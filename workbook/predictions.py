"""Ask a reader to commit to a prediction before a cell shows what happens."""

from dataclasses import dataclass
from typing import Any

from workbook.cards import Card, card, inline, notice


@dataclass(frozen=True)
class Prediction:
    """A question whose answer the page itself computes.

    Attributes:
        question: what will happen?
        options: a sentence for each letter.
        mine: the letter that the reader chose, or an empty string.
    """

    question: str
    options: dict[str, str]
    mine: str = ""

    def compare(self, happened: str, because: str = "") -> Card:
        """Hold the prediction against what happened.

        Args:
            happened: the letter of the option that came true, computed by the cell that ran it.
            because: why it happened, in one or two sentences.

        Raises:
            ValueError: `happened` is no letter of an option: the page is at fault, not the reader.
        """
        if happened not in self.options:
            raise ValueError(f"{happened!r} is none of {', '.join(self.options)}")
        truth = f"It happened: {happened}, {self.options[happened]}."
        if not self.mine:
            return notice("You made no prediction", truth, because, kind="ask")
        if self.mine == happened:
            return notice("As you predicted", truth, because, kind="passed")
        mine = f"You predicted {self.mine}, {self.options[self.mine]}."
        return notice("Not as you predicted", mine, truth, because, kind="not-yet")

    def _card(self) -> Card:
        rows = "".join(
            f"<li><b>{letter}</b> {inline(text)}</li>" for letter, text in self.options.items()
        )
        then = (
            f"Your prediction: {self.mine}."
            if self.mine
            else 'Write your letter into `mine=""`, run this cell, then go on.'
        )
        body = (
            f"<p>{inline(self.question)}</p>"
            f'<ul style="list-style:none">{rows}</ul><p>{inline(then)}</p>'
        )
        lines = [self.question, *(f"  {k}  {v}" for k, v in self.options.items()), then]
        return card("Predict", body=body, text="\n".join(lines), kind="ask")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._card().bundle()

    def __repr__(self) -> str:
        return self._card().text


def predict(question: str, *, mine: str = "", **options: str) -> Prediction:
    """Ask for a prediction: `guess = predict("…?", a="…", b="…", mine="")`.

    Show it as the last line of the cell; a later cell runs the thing and calls `compare`.

    Args:
        question: what will happen?
        mine: the reader's letter; anything that is no option counts as none.
        options: a sentence for each letter.

    Raises:
        ValueError: for fewer than two options.
    """
    if len(options) < 2:
        raise ValueError("a prediction needs at least two options, as in a=…, b=…")
    letter = str(mine).strip().lower()
    return Prediction(question, options, letter if letter in options else "")
