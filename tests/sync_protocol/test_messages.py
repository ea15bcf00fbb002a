"""Messages: each comes back field for field, each limit holds, what is unknown is said to be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_protocol.codec import pack, unpack
from sync_protocol.errors import ProtocolError
from sync_protocol.expect import AMOUNT_MAX
from sync_protocol.message_fields import Message
from sync_protocol.messages import (
    MESSAGE_BYTES_MAX,
    MESSAGES,
    RANGE_BLOCKS_MAX,
    GrantAnswer,
    Unknown,
    unpack_message,
)
from sync_protocol.topics import (
    blocks_topic,
    down_topic,
    head_topic,
    node_of_topic,
    up_topic,
    up_topics,
)
from tests.sync_protocol.every_message import every_message

BY_NAME = {message.__class__.__name__: message for message in every_message()}


def test_there_is_one_of_each_type():
    assert [message.TYPE for message in every_message()] == sorted(MESSAGES)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_message_comes_back_field_for_field(name):
    message = BY_NAME[name]
    again = unpack_message(message.pack())
    assert again.__class__ is message.__class__
    assert vars(again) == vars(message)


def test_a_refusal_of_rights_has_no_reference():
    assert unpack_message(GrantAnswer(5, None, "no_rights").pack()).ref is None


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("Hello", "node", -1),
        ("Hello", "epoch", 0),
        ("Hello", "node", True),
        ("Hello", "hash", b"a" * 31),
        ("Hello", "chain", "c" * 65),
        ("Hello", "codecs", []),
        ("Hello", "codecs", [256]),
        ("Hello", "session", 1 << 32),
        ("Hello", "hardware", b"a" * 65),
        ("Welcome", "ops_max", 0),
        ("Welcome", "window", 65),
        ("Push", "first_seq", 0),
        ("Push", "frame", b""),
        ("Push", "signature", b"s" * 63),
        ("Ack", "hash8", b"1234567"),
        ("Reject", "code", "c" * 65),
        ("Fenced", "reason", 0),
        ("Fenced", "reason", 6),
        ("Blocks", "counts", [0]),
        ("Blocks", "counts", [1] * (RANGE_BLOCKS_MAX + 1)),
        ("Blocks", "counts", 3),
        ("GrantRequest", "amount", 0),
        ("GrantRequest", "amount", -5),
        ("GrantRequest", "amount", AMOUNT_MAX + 1),
        ("GrantRequest", "amount", "5"),
        ("GrantRequest", "subject", ""),
        ("GrantAnswer", "ref", [1, 1]),
        ("Recall", "unit", None),
        ("Ping", "sent_ms", -1),
    ],
    ids=range(29),
)
def test_a_field_beyond_its_limit_is_refused_by_name(name, field, value):
    message = unpack_message(BY_NAME[name].pack())
    setattr(message, field, value)
    with pytest.raises(ProtocolError) as refused:
        unpack_message(message.pack())
    assert refused.value.code in {"field_type", "field_range"}


def test_a_field_too_few_or_too_many_is_refused():
    for message in every_message():
        values = unpack(message.pack())
        for wrong in (values[:-1], [*values, 0]):
            with pytest.raises(ProtocolError):
                unpack_message(pack(wrong))


@pytest.mark.parametrize(("type_number", "version"), [(99, 1), (1, 2), (0, 0)])
def test_a_type_or_version_of_the_future_is_unknown(type_number, version):
    message = unpack_message(pack([type_number, version, "whatever"]))
    assert isinstance(message, Unknown)
    assert (message.type, message.version) == (type_number, version)


@pytest.mark.parametrize("data", [b"", b"\x90", b"\x91\x01", pack(["1", 1]), pack([1, None])])
def test_what_is_no_message_is_refused(data):
    with pytest.raises(ProtocolError):
        unpack_message(data)


def test_an_oversized_message_is_refused_before_it_is_decoded():
    with pytest.raises(ProtocolError) as refused:
        unpack_message(bytes(MESSAGE_BYTES_MAX + 1))
    assert refused.value.code == "message_bytes"


@settings(max_examples=400)
@given(st.sampled_from(sorted(BY_NAME)), st.data())
def test_changed_bytes_are_a_message_or_refused(name, data):
    changed = bytearray(BY_NAME[name].pack())
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(unpack_message(bytes(changed)), Message)
    except ProtocolError:
        return


def test_topics_name_the_node_in_one_spelling_only():
    assert node_of_topic("demo", up_topic("demo", 12)) == 12
    assert up_topics("demo") == "cafebox/demo/up/+"
    assert down_topic("demo", 12) == "cafebox/demo/down/12"
    assert blocks_topic("demo") == "cafebox/demo/blocks"
    assert head_topic("demo") == "cafebox/demo/head"
    for topic in ("up/012", "up/", "up/-1", "up/1/2", "up/99999999", "down/12", "up/123456789"):
        assert node_of_topic("demo", "cafebox/demo/" + topic) is None
    assert node_of_topic("demo", up_topic("other", 12)) is None
