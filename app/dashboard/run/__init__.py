"""What stands around one run: its other attempts, the last one that passed, its incidents, words for the vendor."""
