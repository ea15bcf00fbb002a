"""The box at a cafe's counter: devices, desk, domain, store, sync and the counter page."""
