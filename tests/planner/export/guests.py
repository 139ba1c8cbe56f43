"""What guests of the tests are started from: a kernel of the host's or Debian's, and files in memory (initramfs)."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pytest

KERNEL = "linux-image-cloud-amd64"
_KEPT = TemporaryDirectory(prefix="guest-kernel-")


@cache
def kernel() -> Path:
    """A kernel image: that of the host where it may be read, else of Debian's package, which is not installed."""
    here = [image for image in sorted(Path("/boot").glob("vmlinuz-*")) if os.access(image, os.R_OK)]
    if here:
        return here[-1]
    folder = Path(_KEPT.name)
    folder.chmod(0o755)  # others than its owner start guests from it
    asked = subprocess.run(["apt-cache", "depends", KERNEL], capture_output=True, text=True, check=False, timeout=60)
    package = re.search(r"Depends: (linux-image-\S+)", asked.stdout)
    if package:
        command = ["apt-get", "download", "-q", package[1]]
        subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    found = sorted(folder.glob("linux-image-*.deb"))
    if not found:
        pytest.skip(f"NOT TESTED: no kernel in /boot, and {KERNEL} could not be downloaded: apt-get update")
    subprocess.run(["dpkg-deb", "-x", found[0].name, "kernel"], cwd=folder, check=True, timeout=120)
    return next((folder / "kernel" / "boot").glob("vmlinuz-*"))


def archive(files: Mapping[str, bytes], links: Mapping[str, str], *, folders: tuple[str, ...] = ()) -> bytes:
    """A file system as the cpio archive that the kernel unpacks (newc): every file may be run.

    Args:
        files: Content by path, without the slash in front; folders above are made.
        links: Where symbolic links point to, by path.
        folders: Empty folders.
    """
    above = {str(each) for path in (*files, *links) for each in PurePosixPath(path).parents if str(each) != "."}
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in sorted({*above, *folders})]
    entries += [(name, stat.S_IFLNK | 0o777, target.encode()) for name, target in links.items()]
    entries += [(name, stat.S_IFREG | 0o755, data) for name, data in files.items()]
    parts = []
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], start=1):
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        parts.append(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))
    return b"".join(parts)
