"""What two cafebox nodes must agree on: ops, their order, and what they mean.

Nothing here does I/O, reads a clock or draws a random number, and nothing here needs a
library: the same files run on CPython and on MicroPython.
"""
