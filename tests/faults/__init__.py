"""Real faults against real parts: processes, broker, files, clocks; `python -m tests.faults`."""
