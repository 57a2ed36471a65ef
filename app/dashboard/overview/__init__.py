"""What only the overview needs: bands, regions, and what runs out next."""
