"""`leadline slo`: objectives as OpenSLO documents, and the other way round."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.options import CURRENT, DEFAULT_DATA, ConfigDirectory, Data
from app.errors import UserError

slo_app = typer.Typer(help="Objectives as OpenSLO v1 documents.", no_args_is_help=True)

Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: standard output.")]


@slo_app.command("export")
def export(directory: ConfigDirectory = CURRENT, output: Output = None, data: Data = DEFAULT_DATA) -> None:
    """Write every objective of a configuration as OpenSLO v1 documents.

    What OpenSLO has no word for stands in annotations that `leadline slo import` reads.

    Example: `leadline slo export config/example -o objectives.yaml`
    """
    import os

    from app.environment import with_sandbox_names
    from app.wiring import load_config
    from config.openslo.writing import documents

    config = load_config(directory, with_sandbox_names(directory, data, os.environ), require_secrets=False)
    found = list(documents(config))
    _write(output, "".join(f"---\n{_yaml(document)}" for document in found))
    if output is not None:
        count = sum(document["kind"] == "SLO" for document in found)
        print(f"{output}: {count} objectives")


@slo_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OpenSLO v1 documents.")], output: Output = None
) -> None:
    """Read OpenSLO v1 documents into `objectives`, to be put under their integrations.

    Prints what is not taken over. Exit 2 with file and line if a document cannot be read.

    Example: `leadline slo import objectives.yaml -o taken.yaml`
    """
    import sys

    from config.openslo.reading import taken_over

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise UserError(f"{file}: cannot be read: {err}") from err
    taken = taken_over(text, str(file))
    for note in taken.notes:
        print(f"note: {note}", file=sys.stderr)
    if taken.problems:
        raise UserError("\n".join(map(str, sorted(taken.problems))))
    flows = [{"name": name, "objectives": _lines(found)} for name, found in taken.flows.items()]
    integrations = {name: {"objectives": _lines(found)} for name, found in taken.integrations.items()}
    head = "# Put each `objectives` into the file of its integration, and `flows` into leadline.yaml.\n"
    _write(output, head + _yaml({"integrations": integrations, **({"flows": flows} if flows else {})}))
    if output is not None:
        total = sum(map(len, (*taken.integrations.values(), *taken.flows.values())))
        print(f"{output}: {total} objectives")


def _lines(objectives: list[Any]) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json", exclude_defaults=True) for one in objectives]


def _yaml(value: object) -> str:
    from io import StringIO

    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.width = False, 1000
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # It is None until it is set.
    text = StringIO()
    writer.dump(value, text)
    return text.getvalue()


def _write(output: Path | None, text: str) -> None:
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as err:
        raise UserError(f"{output}: cannot be written: {err.strerror}") from err
