"""The pages of the first boot, at `/setup` of a box that is not set up yet, and nowhere else."""
