"""What the objectives page shows: every promise, the worst first."""
