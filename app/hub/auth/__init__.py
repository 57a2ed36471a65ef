"""Sign-in: who may look and act at a hub that more than this machine may reach."""
