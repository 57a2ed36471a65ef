"""Takes one measurement and reports it. Stores nothing, alerts nobody."""
