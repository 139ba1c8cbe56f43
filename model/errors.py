"""Every error a user can meet.

    CerberusError
    ├── InputError        what was given is wrong: exit code 2
    └── CannotAnswerError the input is fine, the question has no answer yet: exit code 1

A message says what was given, what is allowed, where (file, field), and what to do next.
"""


class CerberusError(Exception):
    """Base of all errors this program raises on purpose."""


class InputError(CerberusError):
    """A value, option or file is not acceptable (exit code 2)."""


class CannotAnswerError(CerberusError):
    """The question is well posed but cannot be answered from what is known (exit code 1)."""
