"""Output of `zoo eval` about the teachers of a run."""

from zoo.cli.tables import print_table, print_title
from zoo.evaluation.taught_report import Paired, Reached, TaughtReport
from zoo.evaluation.times import times_table
from zoo.process.lines import print_line

_SCORES = ("correct", "accuracy", "balanced", "ECE")


def print_taught(report: TaughtReport) -> None:
    """Print every teacher, their weights by class, and the student beside itself without teachers."""
    print_title("Teachers")
    print_table(["reader", *_SCORES], [_row(reader) for reader in report.readers], numbers=_SCORES)
    if report.vary:
        print_title("Mean weights of teachers in training")
        rows = [
            (each.name, str(each.windows), *(f"{weight:.3f}" for weight in each.weights)) for each in report.weights
        ]
        print_table(["class", "windows", *report.teachers], rows, numbers=["windows", *report.teachers])
    if report.map_distance:
        values = ", ".join(f"{distance:.2e}" for distance in report.map_distance)
        print_line()
        print_line(f"distance of similarity maps by stage, batches of {report.map_batch}: {values}")
    if report.times:
        print_title("Processing times per window, one thread")
        head, *body = times_table(report.times)
        print_table(head, body, numbers=head[1:])
    if report.paired:
        _print_paired(report.paired)


def _row(reader: Reached) -> tuple[str, str, str, str, str]:
    ece = "" if reader.ece is None else f"{reader.ece:.3f}"
    shares = f"{reader.accuracy:.3f}", f"{reader.balanced_accuracy:.3f}"
    return (reader.name, f"{reader.correct}/{reader.total}", *shares, ece)


def _print_paired(paired: Paired) -> None:
    print_title(f"Beside the student alone, {paired.alone}")
    rows = [
        ("only with teachers", str(paired.won)),
        ("only alone", str(paired.lost)),
        ("both", str(paired.both)),
        ("neither", str(paired.neither)),
    ]
    print_table(["right", "windows"], rows, numbers=["windows"])
    points = [f"{100 * value:+.1f}" for value in (paired.difference, paired.low, paired.high)]
    print_line()
    print_line(
        f"difference {points[0]} points, 95 % interval {points[1]} to {points[2]} (bootstrap over {paired.units})"
    )
    rescues = [(one.teacher, str(one.windows), str(one.learned)) for one in paired.rescues]
    print_line()
    columns = ["teacher", "right where alone is wrong", "of them learned"]
    print_table(columns, rescues, numbers=columns[1:])
