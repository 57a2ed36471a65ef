"""Whether anyone should hear of it, and telling them."""
