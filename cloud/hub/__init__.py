"""The hub's service: ingest, verify, judge, commit, acknowledge, fan out."""
