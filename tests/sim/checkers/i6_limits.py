"""I6: no limited account is below zero at any place in the log, and only its holder lowers it."""

from collections.abc import Iterator

from sync_protocol.accounts import CLASSES, account_text
from sync_protocol.ledger import REASON_EPOCH_CLOSE, REASON_SWEEP
from tests.sim.evidence import Account, Evidence


def check(evidence: Evidence) -> Iterator[str]:
    balances: dict[Account, int] = {}
    for op in evidence.hub.ledger_ops():
        postings = op.booked()
        if not postings:
            continue
        reason = op.decoded()[1]
        lowered = set()
        for posting in postings:
            account: Account = posting[:6]
            row = CLASSES[account[0]]
            if not row.limited:
                continue
            balances[account] = balances.get(account, 0) + posting[6]
            if posting[6] * row.side < 0:
                lowered.add(account)
                holder = (account[2], account[3])
                by = op.stated[:2] if op.node else (0, 0)
                closing = op.node == 0 and reason in (REASON_EPOCH_CLOSE, REASON_SWEEP)
                if holder != by and not closing:
                    name = account_text(*account[:5])
                    yield f"op {op.place} lowers {name}, which it does not hold"
        for account in lowered:
            if balances[account] * CLASSES[account[0]].side < 0:
                name = account_text(*account[:5])
                yield f"op {op.place} takes {name} to {balances[account]} {account[5]}"
    for box in evidence.boxes:
        for account, (confirmed, pending) in box.balances.items():
            row = CLASSES[account[0]]
            if row.limited and (confirmed + pending) * row.side < 0:
                name = account_text(*account[:5])
                yield f"box {box.node} shows {name} at {confirmed} + {pending} {account[5]}"
