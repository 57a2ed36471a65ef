"""What the learned limits ask of the store, and keep in it."""
