"""Commands of the counter: receipts, and slips that are filled in by hand.

- `check_receipt`: `text` is what a receipt's QR code says.
- `print_paper_slips`: a book of so many slips for hours without the box.
- `enter_paper_slip`: `form` is top_up or spend; `number` and `code` as they are printed,
  `happened_at` as it was written down (`2027-03-01 02:15`), paid by PAYING.
- `spoil_paper_slip`: one that was torn or lost; nobody may enter it any more.
"""

from edge.desk.commands import PAYING, command

ROWS = (
    # name, right, inputs, values of the answer
    command("reprint", "reprint", "print_job:id", "print_job"),
    command("print_paper_slips", "print_paper_slips", "count:quantity", "first last print_job"),
    command(
        "enter_paper_slip",
        "enter_paper_slip",
        "number:text code:text form:text member:id? amount_fen:amount happened_at:text note:text?"
        f" {PAYING} card_pin:text?",
        "paper_slip sale top_up member amount_fen change_fen points balance_fen spendable_fen"
        " print_job",
        approval="approve_paper_slip",
        needs_shift=True,
    ),
    command(
        "spoil_paper_slip",
        "print_paper_slips",
        "number:text code:text note:text",
        "paper_slip",
    ),
)
