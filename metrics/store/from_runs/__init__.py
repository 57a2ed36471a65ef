"""Objectives that roll-ups cannot count: recorded values, slices of time, maintenance left out, flows."""
