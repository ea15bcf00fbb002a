"""Planted bugs against I4 and I7: one state everywhere, chains without gap or fork."""

from tests.sim.planting import Mutant, mutant

_APART = ("partition", "half_open", "message_delayed")

MUTANTS: tuple[Mutant, ...] = (
    # I4
    mutant(
        "the hub trusts the wall clock of a box",
        "I4",
        (
            "sync_protocol.clock:effective_stamp",
            "min(effective, stamp_of(hub_ms, 0xFFFF))",
            "effective",
        ),
        faults=("clock_30_years",),
        subtle=True,
    ),
    mutant(
        "what an author had seen does not order its ops",
        "I4",
        (
            "sync_protocol.clock:effective_stamp",
            "if effective <= seen_effective:",
            "if False:",
        ),
        faults=("forged_op",),
    ),
    mutant(
        "a concurrent edit wins unseen",
        "I4",
        (
            "sync_protocol.registers:compare",
            "if entry is None or change.base == current_ref:",
            "if True:",
        ),
        faults=_APART,
        favours=("_edit_member",),
    ),
    mutant(
        "the later of two card statuses wins, not the safer",
        "I4",
        (
            "sync_protocol.registers:_wins",
            "if field.ranks is not None:",
            "if False:",
        ),
        faults=_APART,
        favours=("_edit_card",),
    ),
    mutant(
        "a lost claim opens no case",
        "I4",
        (
            "cloud.domain.judge:_judge_claim",
            "lost_claim(op, claim.subject, holder.reference)",
            "None",
        ),
        faults=_APART,
        favours=("_issue_card",),
    ),
    mutant(
        "a box sets fields that lost",
        "I4",
        (
            "edge.store.apply:_Application._fold_register",
            "write, annotation, op.ref())",
            "write, Annotation(annotation.effective, 1), op.ref())",
        ),
        faults=_APART,
        favours=("_edit_member", "_edit_card"),
    ),
    mutant(
        "a box keeps the claims of an erased member",
        "I4",
        (
            "edge.store.confirmed:ConfirmedState.personal_rows_of",
            "return documents, claims",
            "return documents, []",
        ),
        favours=("_register",),
        office_share=0.15,
    ),
    mutant(
        "the second claim of a key wins as well",
        "I4",
        (
            "sync_protocol.claims:holder_against",
            "row.subject != write.subject",
            "row.subject == write.subject",
        ),
        faults=_APART,
        favours=("_issue_card",),
    ),
    mutant(
        "a box counts no claim in its state hash",
        "I4",
        (
            "edge.store.confirmed:ConfirmedState._flush_claim",
            "claim_hash(kind, key, row)",
            "0",
        ),
    ),
    mutant(
        "a box does not fold what was judged late",
        "I4",
        (
            "edge.store.apply:_Application._fold_late",
            "late_verdict(op.body, annotation.effective)",
            "(late_verdict(op.body, annotation.effective)[0], Annotation(annotation.effective, 5))",
        ),
        faults=("mixed_versions",),
        favours=("_write_any",),
    ),
    # I7
    mutant(
        "a stub does not advance its author's chain",
        "I7",
        (
            "sync_protocol.blocks:entry_from_wire",
            "heads.advance(node, epoch, seq, hash)\n        return Entry(",
            "return Entry(",
        ),
    ),
    mutant(
        "a work that was undone leaves its numbers used",
        "I7",
        (
            "edge.store.own_log:OwnLog.return_to",
            "self.head, self._hybrid.last",
            "_, self._hybrid.last",
        ),
        faults=("box_disk_full",),
    ),
    mutant(
        "an op follows the last op of another position",
        "I7",
        (
            "edge.store.transaction:WriteTransaction._append",
            "own.head.hash, hash_of_body",
            "own.head.hash if own.head.seq % 7 else bytes(32), hash_of_body",
        ),
    ),
)
