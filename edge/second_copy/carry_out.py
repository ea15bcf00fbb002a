"""Writes what the hub has not to a folder, sealed: for a stick that somebody carries to the hub."""

from pathlib import Path

from edge.second_copy.sealed_files import SealedFile, SealedWriter, Sealing, scan
from edge.store.reader import Reader
from edge.sync.pushes import OPS_MAX


def carry_out(reader: Reader, folder: Path, sealing: Sealing) -> list[SealedFile]:
    """Write every op that the hub has not to files of `folder`; return those files.

    Beside a running box or without one. The box keeps all of it until the hub's log holds it.
    Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = {file.path for file in scan(folder)[0]}
    writer = SealedWriter(folder, sealing)
    for left in reader.left_overs():
        seq = left.parent_seq
        while ops := reader.left_over_ops(left, seq + 1, OPS_MAX):
            seq = writer.write(ops).header.seq
    seq = reader.acked_seq()
    while ops := reader.own_ops(seq + 1, OPS_MAX):
        seq = writer.write(ops).header.seq
    return [file for file in scan(folder)[0] if file.path not in known]
