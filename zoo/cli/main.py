"""The program `zoo`: its commands, and the one-line error message for a user's mistake."""

import errno
import signal
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, NamedTuple

import typer
from zoo_registry import SpecError, ZooError, ZooNote
from zoo_registry.docs import docstring
from zoo_registry.suggest import nearest

from zoo.process.interrupts import Interruption, raised, say, status
from zoo.process.launched import require_alone
from zoo.process.lines import complain, print_line, print_note

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


class Command(NamedTuple):
    """A command or group of commands: ``function`` of `zoo.cli.MODULE`; ``panel`` is its section of the help."""

    module: str
    function: str
    panel: str


COMMANDS = {
    "list": Command("components", "list_kinds", "Components"),
    "show": Command("components", "show", "Components"),
    "schema": Command("components", "schema", "Components"),
    "models": Command("models", "models", "Models"),
    "push": Command("hub", "push", "Models"),
    "pull": Command("hub", "pull", "Models"),
    "check": Command("model", "check", "Models"),
    "build": Command("model", "build", "Models"),
    "import": Command("weights", "import_weights", "Models"),
    "transfer": Command("transfer", "transfer", "Models"),
    "quickstart": Command("training", "quickstart", "Runs"),
    "presets": Command("presets", "presets", "Runs"),
    "train": Command("training", "train", "Runs"),
    "eval": Command("training", "evaluate", "Runs"),
    "data": Command("data", "data", "Data"),
    "images": Command("images", "images", "Data"),
    "text": Command("text", "text", "Data"),
    "codebook": Command("codebook", "codebook", "Runs"),
    "explain": Command("explain", "explain", "Runs"),
    "report": Command("report", "report", "Runs"),
    "compare": Command("report", "compare", "Runs"),
    "sweep": Command("sweep", "sweep", "Runs"),
    "crossval": Command("crossval", "crossval", "Runs"),
    "logits": Command("logits", "logits", "Runs"),
    "tokenize": Command("tokenize", "tokenize", "Runs"),
    "export": Command("export", "export", "Runs"),
    "recording": Command("recordings", "recording", "Recordings"),
    "windows": Command("recordings", "windows", "Recordings"),
    "apply": Command("apply", "apply", "Recordings"),
    "doctor": Command("doctor", "doctor", "This machine"),
    "bench": Command("bench", "bench", "This machine"),
}


def program(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The program with the commands ``names``; the module of each is imported."""
    app = typer.Typer(
        name="zoo",
        help="Assemble, train and judge models for wearable-sensor series.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_zoo)
    for name in names:
        module, function, panel = COMMANDS[name]
        found = getattr(import_module(f"zoo.cli.{module}"), function)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, rich_help_panel=panel)
        else:
            app.command(name, help=docstring(found), rich_help_panel=panel)(found)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from zoo_registry.version import version

        print_line(f"zoo {version()}")
        raise typer.Exit


def _zoo(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Assemble, train and judge models for wearable-sensor series."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status: 0, 2 for a user's mistake, 128 plus the number of a signal.

    A mistake prints one line on standard error; any other error keeps its traceback. Raises BrokenPipeError when the
    reader of the output, such as `head`, has closed the pipe.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        with raised(), warnings.catch_warnings():
            warnings.showwarning = print_note
            warnings.simplefilter("always", ZooNote)
            done = _run(given)
            sys.stdout.flush()
        return done
    except ZooError as error:
        return complain(str(error))
    except KeyboardInterrupt as error:
        number = error.number if isinstance(error, Interruption) else signal.SIGINT
        say(number)
        return status(number)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        return complain("memory: expected room for what the command needs, found none; make sizes or batches smaller")
    except BrokenPipeError:
        raise
    except OSError as error:
        full = error.errno in _NO_ROOM
        if error.filename is None and not full:
            raise
        expected, hint = ("room on it", "free some") if full else ("access", "check the path and its permissions")
        where = error.filename or "the disk"
        return complain(f"{where}: expected {expected}, found {error.strerror}; {hint}")


def _out_of_memory(error: Exception) -> bool:
    """Whether the error means out of memory: of Python, of NumPy, or of torch on a CPU or a GPU."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def _run(arguments: list[str]) -> int:
    command = arguments[0]
    if command not in COMMANDS and not command.startswith("-"):
        close = nearest(command, list(COMMANDS))
        hint = f"did you mean {close!r}?" if close else "`zoo --help` explains them"
        raise SpecError("command", f"one of {', '.join(COMMANDS)}", repr(command), hint)
    if command in COMMANDS and command != "train":
        require_alone(command)
    app = program([command] if command in COMMANDS else COMMANDS)
    try:
        command_line = typer.main.get_command(app)
        # click's own `main` treats end of file as Ctrl-D and exits the process at a broken pipe.
        with command_line.make_context("zoo", arguments) as context:
            done = command_line.invoke(context)
    except typer.Exit as left:
        return left.exit_code
    except typer.TyperException as error:
        message = error.format_message().rstrip(".")
        found = message[:1].lower() + message[1:]
        name = f"zoo {command}" if command in COMMANDS else "zoo"
        raise SpecError(command, "arguments that it takes", found, f"`{name} --help` lists them") from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    return int(done or 0)
