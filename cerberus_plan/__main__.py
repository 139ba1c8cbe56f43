"""The command line's boundary: whatever happens inside becomes an exit code and at most one bounded message.

Exit codes: 0 answered, 1 cannot answer, 2 bad usage or input, 3 audit found deviations, 4 verify refuted a prediction,
70 a mistake of this program, 130 interrupted. stdout carries data, stderr messages. With CERBERUS_PLAN_DEBUG=1 the
traceback is printed too.
"""

from __future__ import annotations

try:
    import contextlib
    import errno
    import gc
    import io
    import os
    import sys
    from typing import Any, TextIO
except KeyboardInterrupt:  # nobody can be told yet, and there is nothing to tell
    raise SystemExit(130) from None

CANNOT_ANSWER, BAD_INPUT, OWN_MISTAKE, INTERRUPTED = 1, 2, 70, 130
DEBUG = "CERBERUS_PLAN_DEBUG"
# A message beyond this buries what it says.
_MOST_CHARACTERS = 4000
# How executors say that a process of theirs died; by name, for they are imported only where they are used.
_WORKERS = {"BrokenProcessPool", "KilledWorker"}
# The system's errors that another file name, folder or permission mends; all others are no fault of what was given.
_GIVEN = {
    errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP,
    errno.EROFS, errno.EEXIST, errno.EINVAL,
}  # fmt: skip


def main() -> None:
    """Run the command line and exit with its code."""
    gc.disable()  # imports allocate a lot and free nothing, and a plan leaves little garbage
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        sys.stdout = _patient(sys.stdout)
    try:
        from cerberus_plan.cli.interrupt import imports

        with imports():
            from cerberus_plan.cli.app import app

        app(prog_name="cerberus-plan")
    except SystemExit as error:
        _end(_flushed(error.code))
    except BrokenPipeError:
        _silence_stdout()  # whoever read this has seen enough
        _end(0)
    except BaseException as error:  # noqa: BLE001 - this is the boundary: nothing may pass it
        _end(_flushed(_told(error), told=True))
    finally:
        gc.freeze()  # the interpreter's last collections need not look at what ends with it


class _Patient(io.FileIO):
    """Standard output whose reader may leave, as ``head`` does: a command still has files to write, and its own code.

    Without it what prints (typer, rich) would end the command there and then with code 1, runs of hours unrecorded.
    """

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            _silence_stdout()
            return len(data)


def _patient(stdout: TextIO) -> TextIO:
    """The same stream, patient; of a locale without a character: escaped, as on stderr."""
    whole = io.BufferedWriter(_Patient(stdout.fileno(), "w", closefd=False))
    return io.TextIOWrapper(whole, stdout.encoding, "backslashreplace", line_buffering=stdout.isatty())


def _end(code: object) -> None:
    sys.exit(code)  # type: ignore[arg-type]


def _flushed(code: object, *, told: bool = False) -> object:
    """The exit code, once what was printed has reached its reader; why it did not is told, unless an error was."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
    except (OSError, ValueError) as error:
        _silence_stdout()
        return code if told else _told(error)
    return code


def _silence_stdout() -> None:
    """Point stdout elsewhere, so that closing it does not fail as well."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError:
        sys.stdout = None


def _told(error: BaseException) -> int:
    """Say what happened; the exit code that goes with it."""
    code, message = verdict(error)
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    from cerberus_plan.model.plain import plain, shortened

    text = shortened(plain(message), _MOST_CHARACTERS)
    with contextlib.suppress(OSError, ValueError, AttributeError):  # there may be nobody to tell
        print(f"cerberus-plan: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the one place that reports errors
    return code


def verdict(error: BaseException) -> tuple[int, str]:
    """Exit code and message of an error.

    Args:
        error: Whatever ended the command.
    """
    from cerberus_plan.model.errors import CannotAnswerError, InputError

    if isinstance(error, OSError):
        return _system(error)
    if type(error).__name__ in _WORKERS:
        return CANNOT_ANSWER, "a worker process was ended from outside (out of memory?); try again with less work"
    known: tuple[tuple[type[BaseException], int, str], ...] = (
        (InputError, BAD_INPUT, str(error)),
        (CannotAnswerError, CANNOT_ANSWER, str(error)),
        (KeyboardInterrupt, INTERRUPTED, "interrupted; nothing half-written is left"),
        (
            MemoryError,
            CANNOT_ANSWER,
            "there is not enough memory; ask for less, or raise the limit (ulimit -v)",
        ),
        (RecursionError, BAD_INPUT, "the input is nested too deep to be read"),
        (OverflowError, BAD_INPUT, f"a number of the input is too large to compute with ({error})"),
    )
    mistake = (
        OWN_MISTAKE,
        f"this is a mistake of cerberus-plan, not of what was given: {type(error).__name__}: {error}; "
        f"run it again with {DEBUG}=1 for the traceback, and report it",
    )
    return next(((code, message) for kind, code, message in known if isinstance(error, kind)), mistake)


def _system(error: OSError) -> tuple[int, str]:
    """A refusal of the operating system, with the file it is about."""
    reason = error.strerror or str(error)
    if error.filename is not None:
        given = error.errno in _GIVEN
        advice = "choose another file or folder" if given else "free some and try again"
        return (BAD_INPUT if given else CANNOT_ANSWER), f"{os.fsdecode(error.filename)}: {reason}; {advice}"
    if error.errno == errno.ENOENT:
        return BAD_INPUT, "the folder you are in does not exist any more; change to another"
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return CANNOT_ANSWER, f"{reason}; raise the limit (ulimit -n) or close some"
    return CANNOT_ANSWER, f"the answer could not be given: {reason}"


if __name__ == "__main__":
    main()
