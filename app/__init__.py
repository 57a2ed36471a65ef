"""The only package that knows everyone: commands, hub, dashboard, sandbox, wiring."""
