"""Virtual devices beneath the adapters: cards answer APDUs, printers parse bytes, pins have edges.

They are shipped, because the demo runs on them; no driver knows whether it has one beneath it.
"""
