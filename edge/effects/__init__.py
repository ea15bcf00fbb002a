"""What follows a commit: the door, the receipt printer, and pages that read themselves anew."""
