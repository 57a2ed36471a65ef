"""Roll-ups: buckets of five minutes, an hour and a day, built from the raw rows and never stale when they are read."""
