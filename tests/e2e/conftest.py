"""One demo for the tests of a module: started as a user starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from leadline_processes import Demo, Process, running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`leadline demo` as a user starts it, on free ports; without history, so that only what happens now decides."""
    folder = tmp_path_factory.mktemp("demo")
    data = folder / "data"
    arguments = ("demo", "--data", str(data), "--port", "0", "--history-days", "0")
    with running(Process(arguments, folder / "demo.log")) as process:
        url = process.said(r"dashboard: (http\S+)")
        admin = process.said(r"vendor sandbox: (http\S+?)/? ")
        yield Demo(data, url, admin, process)
