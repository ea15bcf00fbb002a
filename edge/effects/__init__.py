"""What happens after a commit: the door, the printer queue and page events."""
