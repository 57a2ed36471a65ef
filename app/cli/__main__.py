"""`python -m app.cli`: how the supervisor starts our own commands."""

from app.cli import main

main()
