"""The hub and head office: ingest, log, fan-out, store and pages."""
