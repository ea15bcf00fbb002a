"""The box's side of the session with the hub: MQTT transport, gap repair and snapshots."""
