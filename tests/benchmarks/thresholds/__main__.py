"""Make a folder of probes whose incidents are known, score alerts about it, or compare detectors on it.

python -m tests.benchmarks.thresholds generate DIR --kind latency --seeds 11 12 --n 2
python -m tests.benchmarks.thresholds score DIR alerts.jsonl
python -m tests.benchmarks.thresholds compare DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.benchmarks.thresholds.comparing import compared, row, table
from tests.benchmarks.thresholds.suites import ERRORS, LATENCY, known, made, read_alerts, scored, together, write


def main(arguments: list[str]) -> int:
    """0, or 2 where alerts are about something else."""
    asked = _parser().parse_args(arguments)
    if asked.command == "generate":
        series, probes = write(asked.folder, asked.kind, made(asked.kind, asked.seeds, asked.n, asked.shift))
        print(f"{series} series, {probes:,} probes in {asked.folder}")
    elif asked.command == "compare":
        for line in compared(asked.folder):
            print(line, flush=True)
    else:
        try:
            families = scored(known(asked.folder), read_alerts(asked.alerts), asked.from_day, asked.to_day)
        except ValueError as err:
            print(err, file=sys.stderr)
            return 2
        print(f"| family | F1 | precision | recall | false/week | delay |\n{'| --- ' * 6}|")
        print("\n".join([*table(families), row("all", together(families))]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    generate, score, compare = (commands.add_parser(name) for name in ("generate", "score", "compare"))
    for one in (generate, score, compare):
        one.add_argument("folder", type=Path, metavar="DIR")
    generate.add_argument("--kind", choices=[LATENCY, ERRORS], default=LATENCY)
    generate.add_argument("--seeds", type=int, nargs="+", required=True)
    generate.add_argument("--n", type=int, default=2, help="series per seed and family; of errors, per seed")
    generate.add_argument("--shift", type=float, default=0.0, help="how much wider than usual parameters are drawn")
    score.add_argument("alerts", type=Path)
    score.add_argument("--from-day", type=float, default=1.0)
    score.add_argument("--to-day", type=float)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
