"""Commands of the counter: sales and refunds.

- `pay`: by PAYING (`edge.desk.commands`). Above the limit of the rule `spending` stored value
  needs `card_pin`, or a second person who vouches for the member. `below_zero` are the skus whose
  booked stock fell below zero (an alert, not a refusal).
- `tier` is the step that a member reached with this purchase.
- `refund` goes back to the tenders that paid; `kept_fen` was kept for points that are gone.
- answers' `lines` are [[sku, quantity], ...].
"""

from edge.desk.commands import PAYING, command

ROWS = (
    # name, right, inputs, values of the answer
    command("add_line", "sell", "sku:text quantity:quantity?", "lines total_fen"),
    command("remove_line", "sell", "sku:text", "lines total_fen"),
    command("set_ticket_member", "sell", "member:id?", "member total_fen"),
    command(
        "pay",
        "sell",
        f"expected_total_fen:amount_or_none ticket:id? {PAYING} card_pin:text?",
        "sale number total_fen change_fen points tier balance_fen spendable_fen below_zero"
        " print_job",
        approval="vouch_for_member",
        needs_shift=True,
    ),
    command("abandon", "sell", "", ""),
    command(
        "refund",
        "refund",
        "sale:id amount_fen:amount reason:text",
        "sale amount_fen refundable_fen points kept_fen tender print_job",
        needs_shift=True,
    ),
)
