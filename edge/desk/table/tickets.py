"""Commands of the counter: sales and refunds.

- `pay`: by PAYING (`edge.desk.commands`). Above the limit of the rule `spending` stored value
  needs `card_pin`, or a second person who vouches for the member. `below_zero` are the skus whose
  booked stock fell below zero (an alert, not a refusal).
- `tier` is the step that a member reached with this purchase.
- `refund` goes back to the tenders that paid; `kept_fen` was kept for points that are gone.
- answers' `lines` are [[sku, quantity], ...].
- `add_line`: `sku` is a product's code or barcode.
- `keep_ticket` puts the ticket in hand aside, in a cafe that sells by tickets (rule `counter`);
  `resume_ticket` and `merge_ticket` name one that lies aside.
- `set_ticket_staff`: who serves it and earns its commission; without `staff` whoever is paid.
- `void_sale` takes a sale of products of this business day back whole.
"""

from edge.desk.commands import PAYING, command

ROWS = (
    # name, right, inputs, values of the answer
    command("add_line", "sell", "sku:text quantity:quantity?", "lines total_fen"),
    command("change_line", "sell", "sku:text quantity:quantity", "lines total_fen"),
    command("remove_line", "sell", "sku:text", "lines total_fen"),
    command("set_ticket_member", "sell", "member:id?", "member total_fen"),
    command("sell_to_walk_in", "sell", "", "walk_in_number total_fen"),
    command("set_ticket_staff", "sell", "staff:id?", "total_fen"),
    command("keep_ticket", "sell", "label:text?", "ticket label total_fen"),
    command("resume_ticket", "sell", "ticket:id", "ticket label member lines total_fen"),
    command("merge_ticket", "sell", "ticket:id", "ticket label member lines total_fen"),
    command(
        "pay",
        "sell",
        f"expected_total_fen:amount_or_none ticket:id? {PAYING} card_pin:text?",
        "sale number total_fen discount_fen received_fen change_fen show_change points tier"
        " balance_fen spendable_fen below_zero print_job",
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
    command(
        "void_sale",
        "sell",
        "sale:id reason:text",
        "sale number amount_fen points kept_fen print_job",
        approval="void_sale",
        needs_shift=True,
    ),
)
