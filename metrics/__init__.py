"""What the measurements mean. Owns the database and its SQL."""
