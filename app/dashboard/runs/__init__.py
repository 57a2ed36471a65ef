"""The runs explorer: any run that was, found by what it was."""
