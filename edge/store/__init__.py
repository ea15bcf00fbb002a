"""The box's SQLite store: op log, projections, migrations and the one writer.

A caller needs `Store`, `Identity` and `Clock`, the values in `edge.store.facts` and the errors in
`edge.store.errors`. A desk command is a function of one `WriteTransaction`:

    def top_up(transaction: WriteTransaction) -> Answer | Refusal: ...
    answer = await store.write(top_up)

A page reads what is committed:

    with store.read() as reader:
        member = reader.register(MEMBER, member_id)
"""
