"""`python -m app.sandbox --directory D`."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.sandbox.process import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m app.sandbox", description="Run the vendor sandbox until SIGTERM.")
    parser.add_argument("--directory", type=Path, required=True, help="keeps its credentials, ports and authority")
    main(parser.parse_args().directory)
