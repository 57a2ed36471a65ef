"""What the operator declares. Imports nothing of ours."""
