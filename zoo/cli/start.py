"""The entry of the program `zoo`: what holds before its modules are imported."""

from zoo.process.interrupts import listen
from zoo.process.streams import NOBODY_READS, forget_output, open_streams


def main() -> int:
    """Run the command line and return its exit status, also where a signal comes before there is a program.

    The statuses are those of `zoo.cli.main.main`, and 141 where nobody reads the output any more.
    """
    open_streams()
    listen()
    from zoo.cli.main import main as program

    try:
        return program()
    except BrokenPipeError:
        return NOBODY_READS
    finally:
        forget_output()
