"""`leadline check`: every problem of a configuration directory, at once."""

from __future__ import annotations

import json
from pathlib import Path

from app.cli.options import CURRENT, DEFAULT_DATA, ConfigDirectory, Data, Json


def check(directory: ConfigDirectory = CURRENT, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Check a configuration directory: prints every problem with file and line; exit 0 if there is none, else 2.

    A warning is what works and had better not be needed; it does not change the exit code.

    Example: `leadline check config/example`
    """
    import os

    from app.environment import with_sandbox_names
    from app.wiring import load_config, warnings_of
    from config.load import ConfigError

    environ = with_sandbox_names(directory, Path(data), os.environ)
    if as_json:
        from app.errors import UserError

        try:
            config = load_config(directory, environ)
        except UserError as err:
            cause = err.__cause__
            problems = cause.problems if isinstance(cause, ConfigError) else ()
            print(json.dumps({"ok": False, "problems": [vars_of(p) for p in problems], "warnings": []}, indent=2))
            raise SystemExit(2) from err
        print(json.dumps({"ok": True, "problems": [], "warnings": warnings_of(config)}, indent=2))
        return
    config = load_config(directory, environ)
    for warning in warnings_of(config):
        print(f"warning: {warning}")
    counts = f"{len(config.integrations)} integrations, {sum(len(i.workflows) for i in config.integrations)} workflows"
    print(f"{directory}: {counts}, no problem (version {config.version})")


def vars_of(problem: object) -> dict[str, object]:
    """The fields of a problem, for JSON."""
    return {name: getattr(problem, name) for name in ("file", "line", "path", "message")}
