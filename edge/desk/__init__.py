"""The commands of the counter: read facts, decide, commit in one go, then effects.

What the pages build on:

- `edge.desk.desk.Desk`, made by `edge.app`:
  - `await desk.perform(name, session, request_id, inputs, terminal=1) -> Answer | Refusal`: every
    command of `edge.desk.table.COMMANDS`. `session` is None before the log-in; `request_id` is
    8 to 64 letters, digits, `-` or `_`, made by the page once for each thing that a person does.
    A repeat of the id with the same command gets the first answer; a refusal is not remembered, as
    it changed nothing.
  - `await desk.session(token) -> Session | None`: of the cookie that holds an Answer's `token`.
  - `desk.views`: what the pages show (`edge.desk.views.Views`), types in `edge.desk.view_types`:
    `counter(session, terminal)`, `member(member)`, `find_members(text)`, `ledger(member, limit)`,
    `products()`, `sales(limit)`, `transfers(incoming)`, `assets()`, `cafes()`,
    `staff_to_log_in()`, `print_jobs(limit)`, `truth_line(terminal)`. All are coroutines.
  - `desk.page_events`: `with page_events.subscribe() as changes: async for regions in changes`
    (`edge.effects.page_events`).
- `Refusal.words("zh" | "en")`, `Sentence.words(...)` from `edge.domain.refusals`.
"""
