"""What a node with a good key may and may not write: the ops of `liar`, by kind of lie."""

from random import Random

from sync_protocol.kinds import CAFE_TRANSACTION, ERASE, MEMBER, PRODUCT, SALE, TRANSACTION

LIAR = 9
LIAR_CAFE = 4


class Lies:
    """Draws bodies in the name of node `LIAR` of cafe `LIAR_CAFE`; `members` are whom it names."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.node = LIAR
        self.cafe = LIAR_CAFE
        self.members: list[int] = []

    def transaction(self, cafe: int, postings: list[list[object]]) -> list[object]:
        return [cafe, 1, 20260528, 480, 1, 0, None, postings]

    def good(self) -> tuple[int, object]:
        cafe, amount = self.cafe, self._random.randint(1, 500)
        if self.members and self._random.random() < 0.5:
            member = self._random.choice(self.members[-6:])
            top_up: list[list[object]] = [
                [1, cafe, 0, 0, 0, "fen", amount],
                [10, member, self.node, 1, 0, "fen", -amount],
            ]
            return TRANSACTION, self.transaction(cafe, top_up)
        postings: list[list[object]] = [
            [1, cafe, 0, 0, 0, "fen", amount],
            [5, cafe, 0, 0, 0, "fen", -amount],
        ]
        return CAFE_TRANSACTION, self.transaction(cafe, postings)

    def for_other_cafe(self) -> tuple[int, object]:
        random = self._random
        other = random.choice((1, 2))
        amount = random.randint(1, 500)
        if random.random() < 0.5:
            postings: list[list[object]] = [
                [1, other, 0, 0, 0, "fen", amount],
                [5, other, 0, 0, 0, "fen", -amount],
            ]
            # In its own name, for another's till; or in another's name altogether.
            return CAFE_TRANSACTION, self.transaction(random.choice((self.cafe, other)), postings)
        if random.random() < 0.4:
            member = random.choice(self.members) if self.members else 5
            gift: list[list[object]] = [
                [21, member, 0, 0, 0, "points", amount],
                [20, member, self.node, 1, 0, "points", -amount],
            ]
            return TRANSACTION, self.transaction(other, gift)
        key = random.choice((random.choice(self.members), 5)) if self.members else 5
        if random.random() < 0.5:
            return SALE, [b"", key, other, [[0, 7, None]]]
        return MEMBER, [b"l" * 16, key, other, [[1, "stolen", None]]]

    def forged(self) -> tuple[int, object]:
        random, cafe = self._random, self.cafe
        member = random.choice(self.members[-6:]) if self.members else 5
        amount = random.randint(1, 60)
        honest = random.choice((1, 2))
        bodies: list[tuple[int, object]] = [
            # takes what another node holds
            (
                TRANSACTION,
                self.transaction(
                    cafe,
                    [[10, member, honest, 1, 0, "fen", amount], [5, cafe, 0, 0, 0, "fen", -amount]],
                ),
            ),
            # takes what the hub holds
            (
                TRANSACTION,
                self.transaction(
                    cafe, [[10, member, 0, 0, 0, "fen", amount], [5, cafe, 0, 0, 0, "fen", -amount]]
                ),
            ),
            # spends what it has not
            (
                TRANSACTION,
                self.transaction(
                    cafe,
                    [
                        [10, member, self.node, 1, 0, "fen", 20_000],
                        [5, cafe, 0, 0, 0, "fen", -20_000],
                    ],
                ),
            ),
            # does not balance
            (
                CAFE_TRANSACTION,
                self.transaction(
                    cafe,
                    [[1, cafe, 0, 0, 0, "fen", amount], [5, cafe, 0, 0, 0, "fen", -amount - 1]],
                ),
            ),
            # hides money in a narrow op
            (
                CAFE_TRANSACTION,
                self.transaction(
                    cafe,
                    [
                        [10, member, self.node, 1, 0, "fen", -amount],
                        [1, cafe, 0, 0, 0, "fen", amount],
                    ],
                ),
            ),
            # two of one asset
            (
                TRANSACTION,
                self.transaction(
                    cafe,
                    [
                        [50, cafe, self.node, 1, 0, "asset:X", 2],
                        [53, cafe, self.node, 1, 0, "asset:X", -2],
                    ],
                ),
            ),
            # what only head office writes
            (PRODUCT, [b"", "cola", cafe, [[4, 1, None]]]),
            (ERASE, [member]),
            # no shape at all
            (TRANSACTION, ["nonsense", [[]]]),
            (MEMBER, [b"", member, cafe, [[0, 7, None]]]),
        ]
        return random.choice([*bodies[:1] * 4, *bodies])
