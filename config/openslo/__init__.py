"""OpenSLO v1 documents, written from objectives and read into them."""
