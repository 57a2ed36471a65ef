"""`python -m app.cli.write_schema`: the JSON Schemas that editors use, from the models and every plugin's options."""

from __future__ import annotations

from pathlib import Path

from app.wiring import plugins
from config import schema


def main() -> None:
    """Write them beside `config/schema/__init__.py`."""
    for path in schema.write(Path(schema.__file__).parent, plugins()):
        print(path)


if __name__ == "__main__":
    main()
