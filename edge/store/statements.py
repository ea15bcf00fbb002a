"""The store's hot SQL, as constants. Everything not named here goes through peewee.

Reason for all of them, measured on the lab machine (LAB: reading by key 8.5 µs raw, 209 µs
through peewee's query builder, 10.6 µs with constant SQL): they run once or more per tap, per
applied op, or per row of a page. Each is prepared once per connection by sqlite3's statement
cache. The comment says where it runs.
"""

# --- ops: at every append and every applied op ---------------------------------------------------

INSERT_OWN_OP = """
INSERT INTO op (key, kind, position, effective, verdict, detail, money_fen, header, body,
                body_hash, hash)
VALUES (?, ?, NULL, 0, NULL, NULL, ?, ?, ?, ?, ?)
"""

# 10,000 in a range: one executemany. An op of an earlier epoch of this box may be there already.
UPSERT_LOGGED_OP = """
INSERT INTO op (key, kind, position, effective, verdict, detail, money_fen, header, body,
                body_hash, hash)
VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE
SET position = excluded.position, effective = excluded.effective, verdict = excluded.verdict,
    detail = excluded.detail
"""

# An own op comes back with the hub's verdict.
UPDATE_OWN_OP = "UPDATE op SET position = ?, effective = ?, verdict = ?, detail = ? WHERE key = ?"

INSERT_MENTION = "INSERT OR IGNORE INTO mention (subject, op) VALUES (?, ?)"

OP_COLUMNS = "op.key, op.position, op.effective, op.verdict, op.detail, op.header, op.body,"
OP_COLUMNS += " op.body_hash, op.hash"

SELECT_OP = f"SELECT {OP_COLUMNS} FROM op WHERE key = ?"  # noqa: S608  # constants only

SELECT_OP_RANGE = f"SELECT {OP_COLUMNS} FROM op WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?"  # noqa: S608  # constants only

# A refold reads the whole log once.
SELECT_LOG = f"""
SELECT {OP_COLUMNS} FROM op WHERE position > ? AND position IS NOT NULL ORDER BY position
"""  # noqa: S608  # constants only

# A page of one ledger, per author; a cafe's own is long, so that nothing may sort it.
SELECT_MENTIONS = f"""
SELECT {OP_COLUMNS} FROM mention JOIN op ON op.key = mention.op
WHERE mention.subject = ? AND mention.op BETWEEN ? AND ? ORDER BY mention.op DESC
"""  # noqa: S608  # constants only

INSERT_PENDING_MENTION = "INSERT INTO pending_mention (op, subject) VALUES (?, ?)"

DELETE_PENDING_MENTIONS = "DELETE FROM pending_mention WHERE op = ?"

# A page of one ledger: own ops that are not confirmed.
SELECT_PENDING_MENTIONS = f"""
SELECT {OP_COLUMNS} FROM pending_mention JOIN op ON op.key = pending_mention.op
WHERE pending_mention.subject = ? ORDER BY pending_mention.op DESC
"""  # noqa: S608  # constants only

# An applied range folds them anew over what it changed.
SELECT_ALL_PENDING_MENTIONS = "SELECT subject, op FROM pending_mention ORDER BY op"

DELETE_OP = "DELETE FROM op WHERE key = ?"

SELECT_LAST_OP = (
    "SELECT key, header, hash FROM op WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1"
)

SELECT_HASH = "SELECT hash FROM op WHERE key = ?"

# The truth line, once a second: 20,000 rows of an offline week take 4 ms.
SUM_MONEY = "SELECT COALESCE(SUM(money_fen), 0) FROM op WHERE key BETWEEN ? AND ?"

# --- documents -----------------------------------------------------------------------------------

SELECT_DOCUMENT = "SELECT confirmed, pending FROM document WHERE kind = ? AND key = ?"

ROWS_AT_ONCE = 50
"""Rows that one of the `..._ROWS` statements reads: 1.2 µs each, where one by one they take 3.6."""

# What an applied range is about to change.
SELECT_DOCUMENT_ROWS = f"""
WITH wanted (kind, key) AS (VALUES {", ".join(["(?, ?)"] * ROWS_AT_ONCE)})
SELECT document.kind, document.key, document.confirmed, document.pending
FROM wanted CROSS JOIN document ON document.kind = wanted.kind AND document.key = wanted.key
"""  # noqa: S608  # constants only

SELECT_DOCUMENTS = """
SELECT key, confirmed, pending FROM document WHERE kind = ? AND key > ? ORDER BY key LIMIT ?
"""

# What reports have to read again: some thousand ops behind the last look.
SELECT_BODIES_SINCE = """
SELECT body FROM op WHERE position > ? AND kind = ? AND body IS NOT NULL
"""

UPSERT_PENDING_DOCUMENT = """
INSERT INTO document (kind, key, confirmed, pending) VALUES (?, ?, NULL, ?)
ON CONFLICT (kind, key) DO UPDATE SET pending = excluded.pending
"""

UPSERT_DOCUMENT = """
INSERT INTO document (kind, key, confirmed, pending) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET confirmed = excluded.confirmed, pending = excluded.pending
"""

DELETE_DOCUMENT = "DELETE FROM document WHERE kind = ? AND key = ?"

INSERT_LOOKUP = "INSERT OR IGNORE INTO lookup (kind, field, value, key) VALUES (?, ?, ?, ?)"

DELETE_LOOKUPS = "DELETE FROM lookup WHERE kind = ?"

SELECT_SHOWN_DOCUMENTS = "SELECT key, COALESCE(pending, confirmed) FROM document WHERE kind = ?"

DELETE_LOOKUP = "DELETE FROM lookup WHERE kind = ? AND field = ? AND value = ? AND key = ?"

SELECT_LOOKUP = """
SELECT document.key, document.confirmed, document.pending
FROM lookup JOIN document ON document.kind = lookup.kind AND document.key = lookup.key
WHERE lookup.kind = ? AND lookup.field = ? AND lookup.value = ? ORDER BY lookup.key LIMIT ?
"""

# The member search, by how a name begins, and cards by days: of 100,000 members 20 in 0.3 ms.
SELECT_LOOKUP_BETWEEN = """
SELECT document.key, document.confirmed, document.pending
FROM lookup JOIN document ON document.kind = lookup.kind AND document.key = lookup.key
WHERE lookup.kind = ? AND lookup.field = ? AND lookup.value >= ? AND lookup.value < ?
ORDER BY lookup.value, lookup.key LIMIT ?
"""

# --- claims --------------------------------------------------------------------------------------

SELECT_CLAIM = "SELECT confirmed, pending FROM claimed_key WHERE kind = ? AND key = ?"

SELECT_CLAIMS_OF_KIND = "SELECT key, confirmed, pending FROM claimed_key WHERE kind = ?"

UPSERT_PENDING_CLAIM = """
INSERT INTO claimed_key (kind, key, confirmed, pending) VALUES (?, ?, NULL, ?)
ON CONFLICT (kind, key) DO UPDATE SET pending = excluded.pending
"""

UPSERT_CLAIM = """
INSERT INTO claimed_key (kind, key, confirmed, pending) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET confirmed = excluded.confirmed, pending = excluded.pending
"""

DELETE_CLAIM = "DELETE FROM claimed_key WHERE kind = ? AND key = ?"

# --- balances ------------------------------------------------------------------------------------

SELECT_BALANCE = """
SELECT confirmed, pending FROM account_balance
WHERE account_class = ? AND subject = ? AND node = ? AND epoch = ? AND month = ? AND unit = ?
"""

SELECT_BALANCES = """
SELECT unit, node, epoch, month, confirmed, pending FROM account_balance
WHERE subject = ? AND account_class = ? ORDER BY unit, node, epoch, month
"""

# What falls due for release, every ten minutes: 200,000 rows are looked through in 13 ms.
SELECT_SUBJECTS_HELD = """
SELECT DISTINCT subject FROM account_balance
WHERE account_class = ? AND node = ? AND epoch = ? AND confirmed + pending <> 0
"""

SELECT_ASSET_PLACES = """
SELECT account_class, subject, node, epoch, month, unit, confirmed, pending FROM account_balance
WHERE unit = ? AND unit >= 'asset:' AND unit < 'asset;' AND confirmed + pending <> 0
ORDER BY account_class, subject, node, epoch, month
"""

ADD_PENDING = """
INSERT INTO account_balance (account_class, subject, node, epoch, month, unit, confirmed, pending)
VALUES (?, ?, ?, ?, ?, ?, 0, ?)
ON CONFLICT (subject, account_class, unit, node, epoch, month)
DO UPDATE SET pending = pending + excluded.pending
"""

# What an applied range changes, before it does.
SELECT_BALANCE_ROWS = f"""
WITH wanted (account_class, subject, node, epoch, month, unit)
AS (VALUES {", ".join(["(?, ?, ?, ?, ?, ?)"] * ROWS_AT_ONCE)})
SELECT account_class, subject, node, epoch, month, unit, confirmed
FROM wanted CROSS JOIN account_balance USING (subject, account_class, unit, node, epoch, month)
WHERE confirmed <> 0
"""  # noqa: S608  # constants only

# Both sides at once, once per account of an applied range.
ADD_BALANCE = """
INSERT INTO account_balance (account_class, subject, node, epoch, month, unit, confirmed, pending)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (subject, account_class, unit, node, epoch, month)
DO UPDATE SET confirmed = confirmed + excluded.confirmed, pending = pending + excluded.pending
"""

# --- the log's frame: once per applied range, and per author in it --------------------------------

SELECT_AUTHORS = "SELECT number FROM author ORDER BY number"

SELECT_AUTHOR = "SELECT number, seq, hash FROM author WHERE node = ? AND epoch = ?"

SELECT_HEADS = "SELECT node, epoch, seq, hash FROM author WHERE epoch > 0"

SELECT_AUTHORS_OF = "SELECT number, epoch, seq, hash FROM author WHERE node = ? ORDER BY number"

RENAME_AUTHOR = "UPDATE author SET epoch = ?, seq = ?, hash = ? WHERE number = ?"

# Ops of one author that are not in the hub's log: how many, and the money that they moved.
SUM_UNPLACED = """
SELECT COUNT(*), COALESCE(SUM(money_fen), 0), MIN(key) FROM op
WHERE key BETWEEN ? AND ? AND position IS NULL
"""

UNPLACE_OP = """
UPDATE op SET position = NULL, effective = 0, verdict = NULL, detail = NULL WHERE key = ?
"""

UPDATE_AUTHOR = "UPDATE author SET seq = ?, hash = ? WHERE number = ?"

INSERT_BLOCK = """
INSERT INTO block (generation, number, first_position, count, hash, signature)
VALUES (?, ?, ?, ?, ?, ?)
"""

SELECT_SETTING = "SELECT value FROM setting WHERE name = ?"

UPSERT_SETTING = """
INSERT INTO setting (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

# --- the counter's own: at every request and receipt ----------------------------------------------

SELECT_ANSWER = "SELECT answer FROM request WHERE id = ?"

INSERT_ANSWER = "INSERT INTO request (id, answer, subject, at_ms) VALUES (?, ?, ?, ?)"

INSERT_PRINT_JOB = """
INSERT INTO print_job (kind, document, subject, state, copies, created_ms, error)
VALUES (?, ?, ?, ?, 0, ?, '')
"""

UPDATE_PRINT_JOB = "UPDATE print_job SET state = ?, copies = ?, error = ? WHERE id = ?"

SELECT_PRINT_JOB = """
SELECT id, kind, document, state, copies, created_ms, error FROM print_job WHERE id = ?
"""

# The printer's queue, at each job: of all kinds, or of those that one printer prints.
SELECT_PRINT_JOBS = """
SELECT id, kind, document, state, copies, created_ms, error FROM print_job
WHERE state = ? AND state <> 'done' ORDER BY id LIMIT ?
"""
SELECT_PRINT_JOBS_OF_KINDS = """
SELECT id, kind, document, state, copies, created_ms, error FROM print_job
WHERE state = ? AND state <> 'done' AND kind IN (SELECT value FROM json_each(?))
ORDER BY id LIMIT ?
"""

# The truth line, at each page.
COUNT_PRINT_JOBS = "SELECT COUNT(*) FROM print_job WHERE state = ? AND state <> 'done'"

SELECT_LATEST_PRINT_JOBS = """
SELECT id, kind, document, state, copies, created_ms, error FROM print_job
ORDER BY id DESC LIMIT ?
"""

DELETE_SETTING = "DELETE FROM setting WHERE name = ?"

# --- erased people: at every personal op, own or applied ------------------------------------------

SELECT_ERASED = "SELECT 1 FROM erased_subject WHERE subject = ?"

# The personal ops of an applied range, each with the person that it is about.
SELECT_ERASED_ROWS = f"""
SELECT subject FROM erased_subject WHERE subject IN ({", ".join("?" * ROWS_AT_ONCE)})
"""  # noqa: S608  # constants only

# --- ops without effect yet: parked ones and deferred ones ----------------------------------------

INSERT_WAITING = (
    "INSERT OR REPLACE INTO waiting_op (op, position, kind, parked) VALUES (?, ?, ?, ?)"
)

DELETE_WAITING = "DELETE FROM waiting_op WHERE op = ?"

# `cafebox outbox --parked` and the status.
SELECT_WAITING = """
SELECT waiting_op.op, waiting_op.position, author.node, author.epoch, waiting_op.kind, parked
FROM waiting_op JOIN author ON author.number = waiting_op.op >> ? ORDER BY waiting_op.position
"""

SELECT_PARKED_KINDS = "SELECT DISTINCT kind FROM waiting_op WHERE parked"

SELECT_PARKED = f"""
SELECT {OP_COLUMNS} FROM waiting_op JOIN op ON op.key = waiting_op.op
WHERE waiting_op.parked ORDER BY waiting_op.position
"""  # noqa: S608  # constants only

# --- state hash: once per section of an applied range ---------------------------------------------

SELECT_SECTIONS = "SELECT kind, cafe, sum FROM state_section"

UPSERT_SECTION = """
INSERT INTO state_section (kind, cafe, sum) VALUES (?, ?, ?)
ON CONFLICT (kind, cafe) DO UPDATE SET sum = excluded.sum
"""

DELETE_SECTION = "DELETE FROM state_section WHERE kind = ? AND cafe = ?"

# --- the audit log: a row with each command -------------------------------------------------------

INSERT_AUDIT_ROW = """
INSERT INTO audit (number, at_ms, trust, staff, approver, terminal, command, outcome, subjects, op,
hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

SELECT_LAST_AUDIT_ROW = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"
