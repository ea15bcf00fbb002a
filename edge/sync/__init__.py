"""The box's side of the session with the hub: MQTT transport, gap repair and snapshots.

`Sync` is all that the composition root needs; `enrolment` gives it an identity once, and
`LineSwitch` cuts the line for a demonstration.
"""
