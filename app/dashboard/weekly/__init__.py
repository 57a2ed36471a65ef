"""The weekly review as a page: the same document that `leadline report weekly` makes."""
