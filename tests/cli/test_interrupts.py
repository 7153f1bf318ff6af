"""How a program handles a signal that arrives at any moment."""

import os
import signal
import subprocess
import sys

import pytest

from zoo.process.children import start

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
OPENING = """
import os, signal, sys, time
from zoo.process import interrupts
from zoo.process.interrupts import Interruption, forget, listen, raised, say, status, undoing

signal.signal(signal.SIGINT, signal.default_int_handler)
listen()

def ask(number=signal.SIGTERM):
    os.kill(os.getpid(), number)

def ended(work):
    try:
        with raised():
            work()
    except KeyboardInterrupt as error:
        say(error.number)
        sys.exit(status(error.number))
"""


def program(code: str) -> tuple[int, str, str]:
    """Exit status, output and errors of ``code`` after the opening."""
    done = subprocess.run([sys.executable, "-c", OPENING + code], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


TERMINATED = (143, "", "zoo: interrupted by SIGTERM\n")


def test_a_signal_raises_within_the_block_and_exits_at_once_outside():
    assert program("ended(ask)") == TERMINATED
    assert program("ask(); print('goes on')") == TERMINATED
    assert program("ended(lambda: None); ask(); print('goes on')") == TERMINATED


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGINT, ""), (signal.SIGTERM, " by SIGTERM"), (signal.SIGHUP, " by SIGHUP")]
)
def test_each_signal_has_its_status_and_its_line(number, said):
    assert program(f"ended(lambda: ask({number}))") == (128 + number, "", f"zoo: interrupted{said}\n")


def test_an_interruption_turned_into_another_exception_is_still_one():
    code = """
def work():
    try:
        ask()
    except BaseException as error:
        raise OSError("gone") from error
ended(work)
"""
    assert program(code) == TERMINATED


def test_a_swallowed_interruption_is_raised_at_the_end():
    code = """
def work():
    try:
        ask()
    except:
        pass
ended(work)
"""
    assert program(code) == TERMINATED


def test_an_interrupted_finalizer_interrupts_the_program_a_moment_later():
    code = """
class Finalized:
    def __del__(self):
        ask()

def work():
    Finalized()
    time.sleep(60)
    print("slept")
ended(work)
"""
    assert program(code) == TERMINATED


def test_a_second_signal_at_the_same_moment_does_not_disturb_the_exit():
    code = """
def work():
    try:
        ask()
    finally:
        ask(signal.SIGHUP)
        print("undone")
ended(work)
"""
    assert program(code) == (143, "undone\n", "zoo: interrupted by SIGTERM\n")


def test_a_later_signal_ends_a_program_that_hangs():
    code = """
interrupts._ONE = -1.0
def work():
    try:
        ask()
    finally:
        ask(signal.SIGHUP)
        print("goes on")
ended(work)
"""
    assert program(code) == (129, "", "zoo: interrupted by SIGHUP\n")


def test_a_signal_during_an_import_cleans_up_and_exits_at_once(tmp_path):
    (tmp_path / "asking.py").write_text("""
import os, signal
try:
    os.kill(os.getpid(), signal.SIGTERM)
except BaseException as error:
    raise ImportError("asking") from error
""")
    code = f"""
sys.path.insert(0, {str(tmp_path)!r})
def work():
    with undoing(lambda: print("undone", flush=True)):
        import asking
ended(work)
"""
    assert program(code) == (143, "undone\n", "zoo: interrupted by SIGTERM\n")


def test_a_cleanup_interrupted_by_a_signal_is_done_again_at_the_end():
    code = """
done = []
def act():
    done.append(None)
    if len(done) == 1:
        ask()
    print("done")
def work():
    with undoing(act):
        pass
ended(work)
"""
    assert program(code) == (143, "done\n", "zoo: interrupted by SIGTERM\n")


def test_a_part_of_the_work_may_be_interrupted_and_the_rest_continues():
    code = """
def work():
    for number in (signal.SIGTERM, signal.SIGTERM):
        try:
            ask(number)
        except Interruption:
            print("part")
            forget()
ended(work)
"""
    assert program(code) == (0, "part\npart\n", "")


def test_a_forked_process_has_the_interrupt_handling_of_python():
    code = """
pid = os.fork()
if not pid:
    try:
        ask()
    except KeyboardInterrupt:
        os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    assert program(code) == (0, "7\n", "")


@pytest.mark.parametrize("ignored", [signal.SIGHUP, signal.SIGINT])
def test_signals_ignored_at_the_start_stay_ignored(ignored):
    done = subprocess.run(
        [sys.executable, "-c", OPENING.replace("signal.signal(signal.SIGINT, signal.default_int_handler)", "")
         + f"ended(lambda: ask({int(ignored)}))"],
        preexec_fn=lambda: signal.signal(ignored, signal.SIG_IGN), capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_closed_terminal_is_not_an_error():
    reader, writer = os.pipe()
    os.close(reader)
    code = OPENING + "ended(lambda: ask(signal.SIGHUP))"
    done = subprocess.run([sys.executable, "-c", code], stderr=writer, check=False)
    os.close(writer)
    assert done.returncode == 129


def test_a_child_handles_signals_once_it_listens_and_ends_silently_by_the_signal(tmp_path, monkeypatch):
    (tmp_path / "waiting.py").write_text("""
import os, sys
from zoo.process.interrupts import listen

print("up", flush=True)
os.read(0, 1)
print("not yet", flush=True)
listen(child=True)
print("goes on", flush=True)
""")
    monkeypatch.syspath_prepend(str(tmp_path))
    log = tmp_path / "log"
    with log.open("wb") as file:
        child = start("waiting", [], {}, file)
    while b"up" not in log.read_bytes():
        assert child.poll() is None
    child.terminate()
    child.communicate(b"\n")
    assert child.returncode == -signal.SIGTERM
    assert log.read_text() == "up\nnot yet\n"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
