"""Commands of the counter: shifts and their cash.

- `open_shift`: `float_fen` is what lies in the drawer; left out for an empty one.
- `count_cash`: lines are [[denomination in fen, pieces], ...], none for an empty drawer. Blind:
  only its answer says what should lie there, and a second count needs a second person.
- `close_shift`: `left_fen` of the counted cash stays in the drawer for the next shift.
- `hand_over`: ends the counted shift and opens `to`'s with its cash; both say so by their PINs, at
  whoever's session.
- `open_drawer`: without a sale, to change a note; the audit log says who did.
- `print_shift_report`: an X report of the terminal's open shift; with `shift`, of an ended one.
"""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command("open_shift", "work_shift", "float_fen:amount_or_none", "shift number float_fen"),
    command(
        "drop_cash",
        "work_shift",
        "amount_fen:amount",
        "shift amount_fen print_job",
        needs_shift=True,
    ),
    command(
        "petty_cash",
        "work_shift",
        "amount_fen:amount reason:text receipt_number:text",
        "shift amount_fen print_job",
        approval="approve_petty_cash",
        needs_shift=True,
    ),
    command(
        "count_cash",
        "work_shift",
        "lines:lines?",
        "shift counted_fen expected_fen difference_fen",
        approval="approve_recount",
    ),
    command(
        "close_shift",
        "work_shift",
        "left_fen:amount_or_none note:text?",
        "shift number counted_fen expected_fen difference_fen print_job",
    ),
    command(
        "hand_over",
        "work_shift",
        "to:id giver_pin:text receiver_pin:text blank_cards:quantity note:text?",
        "shift number new_shift new_number counted_fen expected_fen difference_fen print_job",
    ),
    command("open_drawer", "open_drawer", "", ""),
    command(
        "print_shift_report",
        "work_shift",
        "shift:id?",
        "shift number print_job",
        approval="see_till",
    ),
)
