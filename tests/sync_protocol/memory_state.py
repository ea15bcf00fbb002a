"""A state in dictionaries for folding in tests, with its state hash computed afresh on demand."""

from sync_protocol.fold import State
from sync_protocol.kinds import KINDS
from sync_protocol.registers import RegisterRow
from sync_protocol.state_hash import (
    StateHash,
    balance_hash,
    claim_hash,
    register_hash,
    section_of,
)


class MemoryState(State):
    def __init__(self):
        self.registers = {}
        self.claims = {}
        self.balances = {}
        self.erased = set()

    def register(self, kind, key):
        return self.registers.get((kind, key))

    def set_register(self, kind, key, row):
        self.registers[kind, key] = row

    def claim(self, kind, key):
        return self.claims.get((kind, key))

    def set_claim(self, kind, key, row):
        if row is None:
            self.claims.pop((kind, key), None)
        else:
            self.claims[kind, key] = row

    def add(self, section, account, amount):
        key = (section, account)
        self.balances[key] = self.balances.get(key, 0) + amount

    def erase(self, subject):
        self.erased.add(subject)
        for kind, key in self.registers:
            if KINDS[kind].personal and key == subject:
                self.registers[kind, key] = RegisterRow(self.registers[kind, key].cafe, None)
        for (kind, key), row in list(self.claims.items()):
            if KINDS[kind].personal and row.subject == subject:
                del self.claims[kind, key]

    def balance(self, account):
        return sum(amount for (_, other), amount in self.balances.items() if other == account)

    def state_hash(self):
        total = StateHash()
        for (kind, key), row in self.registers.items():
            total.replace(section_of(kind, row.cafe), 0, register_hash(kind, key, row))
        for (kind, key), row in self.claims.items():
            total.replace(section_of(kind, row.cafe), 0, claim_hash(kind, key, row))
        for (section, account), amount in self.balances.items():
            total.replace(section, 0, balance_hash(account, amount))
        return total
