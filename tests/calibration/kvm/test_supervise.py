"""The measuring process may hang, crash or talk nonsense to itself: the supervisor notes it and goes on."""

from __future__ import annotations

import json
import sys
import time

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.kvm.supervise import Heard, listen

BATCH = Batch(case="a", round=0, count=1, seconds=1e-6, wall_s=1e-6, operations=(1,))


def run(script: str, *, silence_s: float = 20.0, limit_s: float = 20.0, heard: Heard | None = None) -> Heard:
    """Listen to a Python script in place of the measuring process."""
    heard = heard or Heard()
    prelude = "import json, os, signal, sys, time\ndef say(**line): print(json.dumps(line), flush=True)\n"
    listen(
        heard,
        rounds=3,
        process=1,
        silence_s=silence_s,
        deadline=time.monotonic() + limit_s,
        command=(sys.executable, "-c", prelude + script),
    )
    return heard


def test_everything_said_is_taken() -> None:
    """Batches, refusals, counters and the end arrive."""
    script = (
        f"say(begin='a'); say(batch=json.loads({json.dumps(json.dumps(BATCH.to_record()))!s}))\n"
        "say(begin='b'); say(refused='b', reason='no'); say(counted={'mmu_unsync': 3}); say(end=True)"
    )
    heard = run(script)
    assert heard.batches == [BATCH]
    assert heard.refusals == {"b": "no"}
    assert heard.counted == {"mmu_unsync": 3}
    assert heard.ended


def test_a_hanging_phase_is_stopped_and_named() -> None:
    """Silence becomes the reason of the phase begun last; what came before is kept."""
    heard = run("say(refused='a', reason='no'); say(begin='b'); time.sleep(60)", silence_s=1.0)
    assert heard.refusals == {
        "a": "no",
        "b": "no answer for 1 s; the measuring process was stopped",
    }
    assert not heard.ended


def test_the_deadline_holds_even_for_a_talkative_process() -> None:
    """A process that never falls silent ends with the time for the whole probe."""
    heard = run("while True: say(begin='a'); time.sleep(0.05)", limit_s=1.0)
    assert heard.refusals["a"].startswith("the time for the whole probe was up")


def test_a_killed_process_costs_its_phase() -> None:
    """Death by signal is named."""
    heard = run("say(begin='a'); os.kill(os.getpid(), signal.SIGABRT)")
    assert heard.refusals["a"].startswith("the measuring process was ended by SIGABRT")


def test_a_crash_is_told_with_its_last_words() -> None:
    """The last line of the error stream explains a failing start."""
    heard = run("raise OSError('no memory')")
    assert heard.refusals == {"start": "the measuring process ended with exit code 1: OSError: no memory"}


def test_half_a_line_is_ignored() -> None:
    """A process that dies while writing leaves no batch behind."""
    heard = run("say(begin='a'); sys.stdout.write('{\"batch\": {'); sys.stdout.flush(); os._exit(3)")
    assert heard.batches == []
    assert heard.refusals["a"] == "the measuring process ended with exit code 3"


def test_refused_phases_are_skipped_by_the_next_process() -> None:
    """The next process is told what not to try again, how many rounds, and its number."""
    heard = run(
        "say(refused=' '.join(sys.argv[1:]), reason='arguments'); say(end=True)", heard=Heard(refusals={"x": "no"})
    )
    assert "--rounds 3 --process 1 --skip=x" in heard.refusals


def test_a_program_that_cannot_start_is_a_reason() -> None:
    """No interpreter, no measurement, no exception."""
    heard = Heard()
    listen(heard, rounds=1, process=0, silence_s=1.0, deadline=time.monotonic() + 5.0, command=("/nonexistent/python",))
    assert heard.refusals == {"start": "the measuring process could not be started: No such file or directory"}
