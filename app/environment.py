"""The environment a configuration is read in: the process's own, plus the vendor sandbox's when it asks for one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.datadir import DataDirectory
from config.yaml_source import read


def wants_sandbox(directory: Path) -> bool:
    """Whether `leadline.yaml` there says `sandbox: true`. Anything unreadable is left to the loader's own errors."""
    settings = directory / "leadline.yaml"
    return read(settings, str(settings))[0].value.get("sandbox") is True


def with_sandbox_names(directory: Path, data: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """For checking only: a running sandbox's environment, or stand-ins for every name that it would give."""
    if not wants_sandbox(directory):
        return environ
    from app.sandbox import find, placeholder_environment

    running = find(DataDirectory(data).sandbox)
    return {**(running.environment if running else placeholder_environment()), **environ}


@contextmanager
def environment_for(directory: Path, data: Path, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """For running once: uses the sandbox that runs on this data directory, or starts one for the while."""
    if not wants_sandbox(directory):
        yield dict(environ)
        return
    from app.sandbox import find
    from app.sandbox.process import running_sandbox

    running = find(DataDirectory(data).sandbox)
    if running is not None:
        yield {**environ, **running.environment}
        return
    with tempfile.TemporaryDirectory(prefix="leadline-sandbox-") as folder, running_sandbox(Path(folder)) as started:
        yield {**environ, **started.environment}
