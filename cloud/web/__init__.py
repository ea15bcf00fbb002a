"""The head-office pages: takings, health, ledgers and conflict cases."""
