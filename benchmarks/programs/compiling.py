"""Compiling small C files: `python compiling.py JOBS [SECONDS]` prints `ops/s: NUMBER` (files).

As `make -j JOBS` does: that many compilers at a time, each a process of its own (fork, exec, page faults, files).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

SOURCE = '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { puts(getenv("HOME")); return 0; }\n'


def main() -> None:
    """Compile until the time is up, the last files of all jobs included."""
    jobs = int(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    counts = [0] * jobs
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "unit.c"
        source.write_text(SOURCE, encoding="utf-8")
        started = time.perf_counter()

        def work(own: int) -> None:
            while time.perf_counter() < started + seconds:
                command = ["gcc", "-O1", "-c", "-o", f"{folder}/{own}.o", str(source)]
                subprocess.run(command, check=True)
                counts[own] += 1

        workers = [threading.Thread(target=work, args=(own,)) for own in range(jobs)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print(f"ops/s: {sum(counts) / (time.perf_counter() - started)}")


if __name__ == "__main__":
    main()
