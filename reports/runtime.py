"""The code that draws charts inside a page: Vega, Vega-Lite and Vega-Embed in one script, taken out of vl-convert.

Bundling takes longer than planning, so it runs in a process of its own, started before the page needs it.
When not to use it: in a notebook, which brings its own runtime.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from model.errors import CannotAnswerError

_PROGRAM = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"
_LIMIT_S = 120.0


@cache
def start() -> Future[str]:
    """Begin to bundle, once a process; ask for ``text`` as late as possible."""
    pool = ThreadPoolExecutor(max_workers=1)
    promise = pool.submit(_bundle)
    pool.shutdown(wait=False)
    return promise


def text() -> str:
    """The script, safe inside a script element; waits until it is there.

    Raises:
        CannotAnswerError: vl-convert cannot make it.
    """
    return start().result()


def _bundle() -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter with our own text
            [sys.executable, "-c", _PROGRAM], capture_output=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CannotAnswerError(f"the chart runtime was not ready after {_LIMIT_S:.0f} s; try again") from error
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise CannotAnswerError(
            f"vl-convert cannot make the chart runtime: {''.join(last)}; reinstall vl-convert-python"
        )
    return done.stdout.decode().replace("</script", "<\\/script")
