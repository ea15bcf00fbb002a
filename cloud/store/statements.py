"""The hub's raw SQL, each statement with its measured reason. All else is peewee.

Building a query costs peewee about 190 µs where running it costs 10 (docs/adr holds the figures),
and an op at 12,000 a second may cost 83 µs in all. So what runs for each op or each block is
constant text, run with `executemany` where there are many rows. `?` becomes `%s` on PostgreSQL.
"""

LOCK_HEAD_SQLITE = "SELECT fence FROM log_head WHERE id = 1"
"""Once a block; the write lock is held since BEGIN IMMEDIATE."""
LOCK_HEAD_POSTGRESQL = "SELECT fence FROM log_head WHERE id = 1 FOR UPDATE"
"""Once a block; whoever else appends waits here until this commit ends."""

SELECT_HEAD = """
SELECT head.chain, head.generation, head.stream, head.position, head.block_number,
       head.block_hash, head.fence, head.published_number, head.backup_number,
       COALESCE(log_block.effective_max, 0)
FROM log_head AS head LEFT JOIN log_block ON log_block.number = head.block_number
"""
"""At a start, for each page that says how far the log goes, and for each snapshot."""

SELECT_SETTING = "SELECT value FROM setting WHERE name = ?"
SELECT_RECOVERY = "SELECT from_block FROM recovery_state"
SELECT_ADMITTED = "SELECT id FROM left_over WHERE branch_epoch IS NOT NULL ORDER BY id"
"""At a start: what waits from before it."""

TAKE_FENCE = "UPDATE log_head SET fence = fence + 1 WHERE id = 1"

SELECT_FENCE = "SELECT fence FROM log_head WHERE id = 1"

ADVANCE_HEAD = """
UPDATE log_head
SET position = ?, block_number = ?, block_hash = ?, published_number = ?
WHERE id = 1 AND fence = ?
"""

INSERT_OP = """
INSERT INTO log_op (position, node, epoch, seq, kind, cafe, header, body, body_hash, hash,
                    effective, verdict, detail, subject)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
"""Once for each op."""

INSERT_BLOCK = """
INSERT INTO log_block (number, generation, stream, first_position, count, previous_hash, hash,
                       signature, effective_max, committed_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

SELECT_BLOCKS = """
SELECT number, generation, stream, first_position, count, previous_hash, hash, signature
FROM log_block WHERE number BETWEEN ? AND ? ORDER BY number
"""
"""Once for each range that a box fetches: after a restart of the broker all of them do."""

SELECT_OP_HASH = "SELECT hash FROM log_op WHERE node = ? AND epoch = ? AND seq = ?"
"""Once for each box that greets, which all do after a restart of the hub."""

SELECT_AUTHORS = """
SELECT node, epoch, cafe, standing, public_key, seq, hash, effective, proof, segment, offset_ms,
       complete_ms
FROM author_head
"""

UPSERT_AUTHOR = """
INSERT INTO author_head (node, epoch, cafe, standing, public_key, seq, hash, effective, proof,
                         segment, offset_ms, complete_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (node, epoch) DO UPDATE SET
    cafe = excluded.cafe, standing = excluded.standing, seq = excluded.seq, hash = excluded.hash,
    effective = excluded.effective, proof = excluded.proof, segment = excluded.segment,
    offset_ms = excluded.offset_ms, complete_ms = excluded.complete_ms
"""

SELECT_BALANCES = """
SELECT code, unit, cafe, node, epoch, month, amount FROM balance WHERE subject = ?
"""
"""Once for each subject that is not in memory: all its accounts in one read."""
BALANCES_AT_ONCE = 100
SELECT_BALANCES_OF = """
SELECT subject, code, unit, cafe, node, epoch, month, amount FROM balance WHERE subject IN (KEYS)
""".replace("KEYS", ", ".join("?" * BALANCES_AT_ONCE))
"""The subjects of a block of many: 2 µs each, against 9 µs one by one."""

UPSERT_BALANCE = """
INSERT INTO balance (subject, code, unit, cafe, node, epoch, month, amount)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (subject, code, unit, cafe, node, epoch, month) DO UPDATE SET amount = excluded.amount
"""
"""Once for each account that a block touched."""

SELECT_REGISTER = "SELECT row FROM register_document WHERE kind = ? AND key = ?"
REGISTERS_AT_ONCE = 100
FEW_REGISTERS = 8
_REGISTERS_OF = "SELECT key, row FROM register_document WHERE kind = ? AND key IN (KEYS)"
SELECT_REGISTERS = _REGISTERS_OF.replace("KEYS", ", ".join("?" * REGISTERS_AT_ONCE))
"""A block's documents, a hundred in one read: 2 µs each, against 8 µs one by one."""
SELECT_FEW_REGISTERS = _REGISTERS_OF.replace("KEYS", ", ".join("?" * FEW_REGISTERS))
"""What a block of a few ops asks for: a hundred keys cost as much however many of them differ."""
UPSERT_REGISTER = """
INSERT INTO register_document (kind, key, row) VALUES (?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET row = excluded.row
"""

SELECT_CLAIM = "SELECT row FROM claim_holder WHERE kind = ? AND key = ?"
UPSERT_CLAIM = """
INSERT INTO claim_holder (kind, key, subject, row) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET subject = excluded.subject, row = excluded.row
"""
DELETE_CLAIM = "DELETE FROM claim_holder WHERE kind = ? AND key = ?"

SELECT_SECTIONS = "SELECT kind, cafe, sum FROM section_sum"
SELECT_ERASED = "SELECT subject FROM erased_subject"
"""At a start, and after each block that was rolled back."""

UPSERT_SECTION = """
INSERT INTO section_sum (kind, cafe, sum) VALUES (?, ?, ?)
ON CONFLICT (kind, cafe) DO UPDATE SET sum = excluded.sum
"""

SELECT_EFFECTIVE_AT = """
SELECT effective_max FROM log_block WHERE first_position <= ? ORDER BY first_position DESC LIMIT 1
"""
"""Once for each batch whose author has not seen the newest block."""

SELECT_DEFERRED = "SELECT position, kind FROM deferred_op WHERE position > ? ORDER BY position"

SELECT_GRANT = "SELECT epoch, seq, hash8 FROM grant_made WHERE node = ? AND request = ?"
INSERT_GRANT = "INSERT INTO grant_made (node, request, epoch, seq, hash8) VALUES (?, ?, ?, ?, ?)"
"""Once for each request for rights: one a tap."""

INSERT_QUARANTINED = """
INSERT INTO quarantined_batch (node, received_ms, reason, detail, size, digest, raw)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
TRIM_QUARANTINED = """
DELETE FROM quarantined_batch
WHERE id <= (SELECT MAX(id) FROM quarantined_batch) - ?
"""
"""Once for each message that was not taken: a flood of them must not take the writer's time."""

SELECT_OPS = """
SELECT node, epoch, seq, cafe, subject, header, body, body_hash, hash, effective, verdict, detail
FROM log_op WHERE position BETWEEN ? AND ? ORDER BY position
"""
"""Reads of a range: gap repair, reports, refolding."""

UPSERT_RETURNED_OP = """
INSERT INTO returned_op (position, node, epoch, seq, kind, header, body, body_hash, hash,
                         annotation)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (position) DO UPDATE SET
    kind = CASE WHEN excluded.kind > 0 THEN excluded.kind ELSE returned_op.kind END,
    header = COALESCE(excluded.header, returned_op.header),
    body = COALESCE(excluded.body, returned_op.body),
    body_hash = COALESCE(excluded.body_hash, returned_op.body_hash)
"""
"""Once for each op and box of a recovery: what one box has as a stub another has in full."""

INSERT_ENTRY = """
INSERT INTO report_entry (position, posting, cafe, reason, business_day, effective_ms, document,
                          actor, code, subject, node, epoch, month, unit, amount)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
"""Once for each posting; a follower that runs behind must not fall back for ever."""

UPSERT_MEMBER = """
INSERT INTO report_member (member, number, name, phone, tier, status, home_cafe)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (member) DO UPDATE SET
    number = excluded.number, name = excluded.name, phone = excluded.phone, tier = excluded.tier,
    status = excluded.status, home_cafe = excluded.home_cafe
"""
"""Once for each member written to: 4 µs, where peewee takes 360, and blocks wait meanwhile."""

MARK_COPY_SQLITE = """
INSERT INTO setting (name, value) VALUES ('backup_copy', '1')
ON CONFLICT (name) DO UPDATE SET value = '1'
"""
"""Written to the copy, on a connection of its own."""

INTEGRITY_CHECK_SQLITE = "PRAGMA quick_check(1)"
CHECKPOINT_SQLITE = "PRAGMA wal_checkpoint(TRUNCATE)"
VACUUM = "VACUUM"
"""No query builder has a word for these three."""
VACUUM_FULL_POSTGRESQL = (
    "VACUUM FULL log_op, register_document, claim_holder, report_member, quarantined_batch,"
    " left_over_op"
)
"""Rewrites the tables, so that the files no longer hold erased rows."""
