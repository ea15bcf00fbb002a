"""The same files of sync_protocol, under a real MicroPython: vectors, sessions and the pump."""

from tests.micropython.conftest import ROOT


def test_every_module_of_sync_protocol_imports(run_script):
    modules = sorted(path.stem for path in (ROOT / "sync_protocol").glob("[a-z]*.py"))
    output = run_script("tests/micropython/import_all.py", *modules)
    assert output == f"{len(modules)} modules imported\n"


def test_the_golden_vectors_hold(run_script):
    assert "micropython: " in run_script("tests/vectors/check.py")


def test_a_node_pumps_ops_through_a_line_that_is_cut(run_script):
    assert "1000 of 1000 ops" in run_script("tests/micropython/pump_line.py", "3", "1000")
