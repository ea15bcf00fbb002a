"""Commands of the counter: sales and refunds.

- `pay`: `tender` is cash, card, wechat, alipay or wallet. `below_zero` are the skus whose booked
  stock fell below zero (an alert, not a refusal).
- `refund` goes back to the tender that paid.
- answers' `lines` are [[sku, quantity], ...].
"""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command("add_line", "sell", "sku:text quantity:quantity?", "lines total_fen"),
    command("remove_line", "sell", "sku:text", "lines total_fen"),
    command("set_ticket_member", "sell", "member:id?", "member total_fen"),
    command(
        "pay",
        "sell",
        "tender:text expected_total_fen:amount tender_reference:text? ticket:id?",
        "sale number total_fen points balance_fen spendable_fen below_zero print_job",
        needs_shift=True,
    ),
    command("abandon", "sell", "", ""),
    command(
        "refund",
        "refund",
        "sale:id amount_fen:amount reason:text",
        "sale amount_fen refundable_fen points tender print_job",
        needs_shift=True,
    ),
)
