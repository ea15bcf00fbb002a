"""SQL of the store's upkeep, as constants: checks at a start, erasure, refolds, retention.

The reason is that of `edge.store.statements`: most run once per op or row of a whole pass.
"""

from edge.store.statements import OP_COLUMNS

# --- at each start, and in a migration ------------------------------------------------------------

SELECT_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"

SELECT_COLUMNS = """
SELECT master.name, column.name FROM sqlite_master AS master
JOIN pragma_table_info(master.name) AS column WHERE master.type = 'table'
"""

SELECT_CHAINS = "SELECT number, node, epoch FROM author"

SELECT_BLOCKS_FROM = """
SELECT number, first_position, count, hash FROM block
WHERE generation = ? AND number >= ? ORDER BY number
"""

SELECT_MIGRATIONS = "SELECT number FROM migration"

SELECT_BLOCK_ENTRIES = """
SELECT hash, effective, verdict, detail FROM op WHERE position BETWEEN ? AND ? ORDER BY position
"""

# For the migration that gives them a check: what selects their bytes, and what sets them.
BYTES_OF_ANSWERS = (
    "SELECT id, answer FROM request WHERE answer <> x''",
    "UPDATE request SET answer = ? WHERE id = ?",
)
BYTES_OF_PRINT_JOBS = (
    "SELECT id, document FROM print_job WHERE document <> x''",
    "UPDATE print_job SET document = ? WHERE id = ?",
)

# --- erasure: in one pass per person --------------------------------------------------------------

INSERT_ERASED = "INSERT OR IGNORE INTO erased_subject (subject) VALUES (?)"

# The op keeps its place, its hash and its body's hash.
DROP_BODY = "UPDATE op SET body = NULL, body_hash = ? WHERE key = ?"

EMPTY_ANSWERS = "UPDATE request SET answer = x'' WHERE subject = ?"

EMPTY_PRINT_JOBS = "UPDATE print_job SET document = x'', state = 'done' WHERE subject = ?"

# --- opening rows: for each op folded by retention or a refold ------------------------------------

SELECT_OPENING_ROW = "SELECT row FROM opening_row WHERE name = ?"

SELECT_OPENING_ROWS = "SELECT name, row FROM opening_row WHERE name BETWEEN ? AND ? ORDER BY name"

UPSERT_OPENING_ROW = """
INSERT INTO opening_row (name, row) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET row = excluded.row
"""

DELETE_OPENING_ROW = "DELETE FROM opening_row WHERE name = ?"

# A refold compares every row of the projections.
SELECT_ALL_DOCUMENTS = "SELECT kind, key, confirmed, pending FROM document"

SELECT_ALL_CLAIMS = "SELECT kind, key, confirmed, pending FROM claimed_key"

SELECT_ALL_BALANCES = """
SELECT account_class, subject, node, epoch, month, unit, confirmed, pending FROM account_balance
"""

CREATE_SCRATCH = "CREATE TABLE opening_row (name BLOB PRIMARY KEY, row BLOB) WITHOUT ROWID"

COPY_OPENING_ROWS = "SELECT name, row FROM opening_row"

# --- retention: each op once per pass -------------------------------------------------------------

SELECT_LOG_PIECE = f"""
SELECT {OP_COLUMNS} FROM op
WHERE position > ? AND position <= ? AND position IS NOT NULL ORDER BY position LIMIT ?
"""  # noqa: S608  # constants only

# An op's content goes; its hash stays while the op that follows it is kept.
EMPTY_OP = """
UPDATE op SET kind = 0, header = NULL, body = NULL, body_hash = NULL WHERE key = ?
"""

# The heads that a snapshot names: what their authors write next is held against them.
INSERT_STUB = """
INSERT OR IGNORE INTO op (key, kind, effective, money_fen, hash) VALUES (?, 0, 0, 0, ?)
"""

DELETE_STUB = "DELETE FROM op WHERE key = ? AND header IS NULL"

DELETE_MENTION = "DELETE FROM mention WHERE subject = ? AND op = ?"
