"""What a command may ask about the instance it is: one set of placeholders for `observe`, `verify` and `tune`.

    {instances}  how many there are      {instance}  number of this one, from 0
    {cores}      cores of each           {cpus}      its CPUs, as in 0-3,8          {threads}  the same as {cores}

The environment holds the same as CERBERUS_INSTANCES and so on, for programs that are started by a script.
A command with {instances} but without {instance} divides itself (a pool, a launcher such as mpirun): it is started
once, on all CPUs. Any other is started once an instance.
When not to use it: for other words in braces; they are the program's own and stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cerberus_plan.model.cpu_list import cpu_list

NAMES = ("instances", "instance", "cores", "cpus", "threads")


def known(*, instances: int, instance: int, cores: int, cpus: Sequence[int]) -> dict[str, str]:
    """Text of each placeholder for one instance."""
    return {
        "instances": str(instances),
        "instance": str(instance),
        "cores": str(cores),
        "cpus": cpu_list(cpus),
        "threads": str(cores),
    }


def fill(command: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The command with its placeholders filled in."""
    found = []
    for word in command:
        for name, value in values.items():
            word = word.replace(f"{{{name}}}", value)  # noqa: PLW2901 (one placeholder after the other)
        found.append(word)
    return found


def environment(values: Mapping[str, str]) -> dict[str, str]:
    """The same as variables."""
    return {f"CERBERUS_{name.upper()}": value for name, value in values.items()}


def divides_itself(command: Sequence[str]) -> bool:
    """Whether the command starts its instances by itself."""
    text = "\0".join(command)
    return "{instances}" in text and "{instance}" not in text
