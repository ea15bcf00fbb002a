"""A second copy of what the hub has not, in sealed files, and what is done with them."""
