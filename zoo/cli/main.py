"""The program `zoo`: its commands, and the one line that a user's mistake gets."""

import errno
import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, TextIO

import typer
from zoo_registry import SpecError, ZooError
from zoo_registry.suggest import nearest

from zoo.cli import (
    bench,
    codebook,
    components,
    data,
    doctor,
    model,
    presets,
    report,
    sweep,
    tokenize,
    training,
    transfer,
    weights,
)
from zoo.notes import ZooNote

MISTAKE = 2
INTERRUPTED = 130

app = typer.Typer(
    name="zoo",
    help="Assemble, train and judge models for wearable-sensor series.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list", rich_help_panel="Components")(components.list_kinds)
app.command("show", rich_help_panel="Components")(components.show)
app.command("schema", rich_help_panel="Components")(components.schema)
app.command("check", rich_help_panel="Models")(model.check)
app.command("build", rich_help_panel="Models")(model.build)
app.command("import", rich_help_panel="Models")(weights.import_weights)
app.command("transfer", rich_help_panel="Models")(transfer.transfer)
app.command("quickstart", rich_help_panel="Runs")(training.quickstart)
app.add_typer(presets.presets, name="presets", rich_help_panel="Runs")
app.command("train", rich_help_panel="Runs")(training.train)
app.command("eval", rich_help_panel="Runs")(training.evaluate)
app.command("data", rich_help_panel="Data")(data.data)
app.command("codebook", rich_help_panel="Runs")(codebook.codebook)
app.command("report", rich_help_panel="Runs")(report.report)
app.command("compare", rich_help_panel="Runs")(report.compare)
app.command("sweep", rich_help_panel="Runs")(sweep.sweep)
app.command("tokenize", rich_help_panel="Runs")(tokenize.tokenize)
app.command("doctor", rich_help_panel="This machine")(doctor.doctor)
app.command("bench", rich_help_panel="This machine")(bench.bench)


def _print_version(wanted: bool) -> None:
    if wanted:
        from zoo.version import version

        print(f"zoo {version()}")
        raise typer.Exit


@app.callback()
def _zoo(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Assemble, train and judge models for wearable-sensor series."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status: 0, 2 for a user's mistake, 130 when interrupted.

    A mistake gets one line on standard error; anything else that goes wrong keeps its traceback.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal cannot show must not stop the program
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = print_note
            warnings.simplefilter("always", ZooNote)
            status = _run(given)
        sys.stdout.flush()
    except ZooError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        if error.filename is None and not full:
            raise
        expected, hint = ("room on it", "free some") if full else ("access", "check the path and its rights")
        where = error.filename or "the disk"
        return _complain(f"{where}: expected {expected}, found {error.strerror}; {hint}")
    if status == INTERRUPTED:
        print("zoo: interrupted", file=sys.stderr)
    return status


def _run(arguments: list[str]) -> int:
    command, names = arguments[0], [str(info.name) for info in app.registered_commands]
    names += [str(group.name) for group in app.registered_groups]
    if command not in names and not command.startswith("-"):
        close = nearest(command, names)
        hint = f"did you mean {close!r}?" if close else "`zoo --help` explains them"
        raise SpecError("command", f"one of {', '.join(names)}", repr(command), hint)
    try:
        status = typer.main.get_command(app).main(arguments, prog_name="zoo", standalone_mode=False)
    except typer.TyperException as error:
        message = error.format_message().rstrip(".")
        found = message[:1].lower() + message[1:]
        name = f"zoo {command}" if command in names else "zoo"
        raise SpecError(command, "arguments that it takes", found, f"`{name} --help` lists them") from None
    except typer.Abort:
        return INTERRUPTED
    return int(status or 0)


def _complain(line: str) -> int:
    print(f"zoo: {line}", file=sys.stderr)
    return MISTAKE


def print_note(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning, as `warnings.showwarning` does; a ZooNote on one line."""
    if issubclass(category, ZooNote):
        print(f"zoo: note: {message}", file=sys.stderr)
    else:
        print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=file or sys.stderr)
