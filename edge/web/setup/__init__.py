"""The pages of the first boot, at `/setup` of a box that is not set up, and of devices later."""
