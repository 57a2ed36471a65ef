"""Made-up series with known incidents, and how well alerts about them are told: what learned limits are measured by."""
