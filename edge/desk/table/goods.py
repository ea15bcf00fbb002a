"""Commands of the counter: stock, transfers, assets.

- `goods_issue`: `cause` is `used` or `lost`.
- `dispatch_transfer`, `receive_transfer`: lines are [[sku, quantity], ...], `tags` are asset tags
  separated by spaces or commas. What was sent and is not named as received is the shortage.
- `asset_issue`: `user` is a staff or member id.
- `asset_receipt_cancel` is for an asset that two cafes received under one tag.
- answers' `lines` are [[sku, quantity], ...], `shortage` is [[sku or tag, quantity], ...],
  `below_zero` are the skus whose booked stock fell below zero (an alert, not a refusal).
"""

from edge.desk.commands import command

ROWS = (
    # name, right, inputs, values of the answer
    command("goods_receipt", "move_stock", "lines:lines", "document lines"),
    command(
        "goods_issue",
        "move_stock",
        "lines:lines cause:text",
        "document lines below_zero",
    ),
    command(
        "dispatch_transfer",
        "move_stock",
        "to_cafe:id lines:lines? tags:text?",
        "transfer lines below_zero print_job",
    ),
    command(
        "receive_transfer",
        "move_stock",
        "transfer:id lines:lines? tags:text?",
        "transfer status received shortage print_job",
    ),
    command(
        "asset_receipt",
        "move_asset",
        "tag:text name:text type:text? serial:text?",
        "tag",
    ),
    command("asset_issue", "move_asset", "tag:text user:id", "tag user"),
    command("asset_return", "move_asset", "tag:text", "tag"),
    command("asset_receipt_cancel", "move_asset", "tag:text", "tag"),
)
