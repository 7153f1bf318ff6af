"""What codes say: the actions that they name, in the terminal."""

from typing import TYPE_CHECKING

from zoo.cli.tables import print_facts, print_table, print_title
from zoo.process.lines import print_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.codebook.action_report import ActionShare, ActionsReport
    from zoo.codebook.report import BookReport, CodebookReport

_MOST = 8


def print_actions(report: "CodebookReport") -> None:
    """Print the actions of the most used codes of every book and level, and a sentence per class."""
    for book in report.books:
        if report.text is not None and book.actions is not None:
            print_title(f"What codes say, {book.usage.book}: {report.text.words}")
            _print_book(book, book.actions)
    if report.text is not None and report.text.contrast is not None:
        print_line()
        print_line(f"contrast of attention to actions within classes: {report.text.contrast:.3f} of at most 1")


def _print_book(book: "BookReport", found: "ActionsReport") -> None:
    columns = ["code", "tokens", "share", "action", "second action"]
    rows = [
        (str(code.code), str(code.count), _share(code.actions[0].share), code.actions[0].short, _second(code.actions))
        for code in book.codes[:_MOST]
    ]
    print_table(columns, rows, numbers=columns[:3], wrap=["action"])
    print_line()
    print_facts(
        [
            ("named", f"{found.named} of {found.actions} actions are the most likely one of a code"),
            ("action entropy", f"{found.entropy:.3f} nats per code, of at most {found.most:.3f}"),
            ("class entropy", f"{found.class_entropy:.3f} nats per code, of at most {found.most_classes:.3f}"),
        ]
    )
    print_line()
    print_facts([(sentence.name, str(sentence)) for sentence in found.sentences])


def _second(actions: "Sequence[ActionShare]") -> str:
    return f"{actions[1].short} ({_share(actions[1].share)})" if len(actions) > 1 else ""


def _share(value: float) -> str:
    return f"{value:.2f}"
