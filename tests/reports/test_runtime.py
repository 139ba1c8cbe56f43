"""The chart code that every page carries: what vl-convert bundles, with its licences."""

from __future__ import annotations

import importlib

import pytest
from needs import needed

from cerberus_plan.reports.pages import runtime


@pytest.mark.slow
def test_the_kept_script_is_what_the_pinned_package_bundles() -> None:
    """It cannot go stale: an update of the package fails here until the script is made again."""
    needed("vl_convert")
    kept = runtime.text()
    assert kept.endswith(runtime.bundle().replace("</script", "<\\/script"))


def test_the_notices_name_the_versions_that_are_bundled() -> None:
    """Licence notices of exactly what is carried."""
    needed("vl_convert")
    package = importlib.import_module("vl_convert")
    notices = runtime.text().partition("*/")[0]
    for name, version in (("Vega", package.get_vega_version()), ("Vega-Embed", package.get_vega_embed_version())):
        assert f"{name} {version}" in notices


def test_every_page_carries_the_notices_of_what_it_is_drawn_with() -> None:
    """Redistribution in binary form keeps copyright, conditions and disclaimer."""
    text = runtime.text()
    assert text.startswith("/*!")
    for words in ("University of Washington Interactive Data Lab", "Mike Bostock", "THIS SOFTWARE IS PROVIDED"):
        assert words in text
