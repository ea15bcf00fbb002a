"""Commands of the counter: shifts and their cash.

- `open_shift`: `float_fen` is what lies in the drawer; left out for an empty one.
"""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command("open_shift", "work_shift", "float_fen:amount?", "shift number float_fen"),
)
