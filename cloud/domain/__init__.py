"""Pure rules of the hub: judge ops, grant rights, enrol nodes."""
