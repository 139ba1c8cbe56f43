"""The code that draws charts inside a page: Vega, Vega-Lite and Vega-Embed in one script, with their licences.

``vendor/vega.js`` is what vl-convert bundles; it is kept, so that users need neither that package nor the seconds it
takes. A test bundles it again and compares. After an update of vl-convert:
``python -m cerberus_plan.reports.pages.runtime > reports/vendor/vega.js``, and the versions in ``NOTICES.txt``.
When not to use it: in a notebook, which brings its own runtime.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

_VENDOR = resources.files("cerberus_plan.reports") / "vendor"


@cache
def text() -> str:
    """The script with its licence notices, safe inside a script element."""
    notices = (_VENDOR / "NOTICES.txt").read_text(encoding="utf-8")
    code = (_VENDOR / "vega.js").read_text(encoding="utf-8")
    return f"/*!\n{notices}*/\n{code}".replace("</script", "<\\/script")


def bundle() -> str:
    """The script as vl-convert makes it; only maintainers and tests need that package."""
    import vl_convert

    return str(vl_convert.javascript_bundle())  # type: ignore[call-arg]  # its stub asks for a snippet


if __name__ == "__main__":
    import sys

    sys.stdout.write(bundle())
