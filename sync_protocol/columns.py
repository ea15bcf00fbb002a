"""Rows as columns: the format in which batches and blocks are coded, by the shape of rows alone.

A row is any value of `codec`. Rows of one shape are turned into columns, arrays within them into
more columns, and each column is written in the form that is shortest, so that deflate meets like
beside like. No kind, field or meaning is known here: a node restores the exact rows of kinds it
has never heard of. Decoding gives back what was given to `pack_rows`, cell by cell and type by
type; the coding need not be canonical, since hashes are taken over `codec.pack` of the rows.

Format: varint count of rows, then one column, which is nothing at all if the count is 0 and else
a form byte and what follows it (numbers are varints, `int` a zigzag-folded one; see `varint`):

    0x80..0xFF           every cell is the int 0..127 in the low bits
    NIL, FALSE, TRUE     every cell is that
    CONSTANT int         every cell is that
    PLANES int, width    offsets from that int, 1 to 9 byte planes, lowest byte of every cell first
    DELTA int, column    the first cell, then the steps (an int column without references)
    BYTES column, data   lengths (an int column without references), then the cells end to end
    TEXT column, data    the same in UTF-8
    DICTIONARY n, column, planes
                         n distinct values (a column without references), then an index per cell:
                         none for n = 1, one byte plane up to 256, else two
    MAPPED c, column     a function of column c: a value for each entry of c's dictionary
    SAME c               equal to column c
    NEGATED c            the negative of column c (a double entry's other side)
    ARRAY n, columns     every cell is an array of n: one column for each place
    LIST column, column  arrays: their lengths, then a column of all their items
    SPLIT n, column, columns
                         cells of unlike shape: a part number per cell, then a column for each
                         of the n parts

A reference c counts the columns of PLANES, DELTA, BYTES, TEXT and DICTIONARY that were written
before in the same *scope*, from 0; LIST items and SPLIT parts open scopes of their own. In a SPLIT
part the count goes on over those written before in the SPLIT's own scope (not further out), of
which the part sees its own cells, and MAPPED sees none. (Column stores: Abadi et al. 2013, "The
Design and Implementation of Modern Column-Oriented Database Systems", chapter 4.)

`column_writer` writes it and `column_reader` reads it.
"""

from array import array

from sync_protocol.codec import DEPTH_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; mypy takes this name for true
    from typing import Any

    Cells = list[Any]

NIL = 0
FALSE = 1
TRUE = 2
CONSTANT = 3
PLANES = 4
DELTA = 5
BYTES = 6
TEXT = 7
DICTIONARY = 8
MAPPED = 9
SAME = 10
NEGATED = 11
ARRAY = 12
LIST = 13
SPLIT = 14
SMALL = 0x80

NESTING_MAX = 3 * DEPTH_MAX
"""An array may stand in a SPLIT by type and one by length: three columns deep for each array."""
DICTIONARY_MAX = 0x10000
PARTS_MAX = 64
ROW_DEPTH_MAX = DEPTH_MAX + 1
"""Arrays within each other: a row, and in it the deepest value of the codec, an op's body."""
CELLS_MAX = 4000000
"""Cells of one frame: 32 MB of references on CPython."""
COLUMN_CELLS = 8
"""A column counts for so many cells more: a frame of many short ones is slow to read."""
ARRAY_CELLS = 4
"""An array counts for so many cells more: an empty one takes 56 bytes on CPython."""


class Leaf:
    """A column that later ones may refer to.

    `indices` (None without a dictionary) names for each cell one of `distinct` values.
    """

    __slots__ = ("cells", "indices", "distinct")

    def __init__(self, cells: "Cells", indices: "Cells | None", distinct: int) -> None:
        self.cells = cells
        self.indices = indices
        self.distinct = distinct


class Scope:
    """The columns that a reference may name: `leaves`, then those `around` the SPLIT of a part.

    `places` are the part's cells among those around it. One step outwards is enough for rows, and
    keeps what a reference costs to one pass over its cells.
    """

    __slots__ = ("leaves", "around", "places")

    def __init__(self, around: "list[Leaf]", places: "array[int] | list[int]") -> None:
        self.leaves: "list[Leaf]" = []
        self.around = around
        self.places = places

    def leaf(self, number: int) -> "Leaf | None":
        """Return what reference `number` names, None where it names nothing."""
        count = len(self.leaves)
        if number < count:
            return self.leaves[number]
        if number - count >= len(self.around):
            return None
        cells = self.around[number - count].cells
        return Leaf([cells[place] for place in self.places], None, 0)


def parts_of(numbers: "list[int]", count: int) -> "list[array[int]]":
    """Return for each of a SPLIT's `count` parts the places of its cells; numbers: a part each.

    Arrays of 4 bytes a place: a list would take 36 of them.
    """
    places: "list[array[int]]" = [array("I") for _ in range(count)]
    for place in range(len(numbers)):
        places[numbers[place]].append(place)
    return places
