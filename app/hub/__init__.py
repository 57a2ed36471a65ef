"""The hub: one process that owns the store, judges, alerts, and serves dashboard and API."""
