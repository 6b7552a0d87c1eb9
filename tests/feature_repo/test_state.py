"""What is kept of a customer online: one value, the same for the same life, whatever order its facts came in."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.groups import GROUPS
from feature_repo.state import HEADER, Layout, layout, pack
from tests.feature_repo.stories import LogOf, Story, engine
from tests.feature_repo.test_always import FEW, PEOPLE, T, past, told

STREAMS = [stream.name for group in GROUPS for stream in group.streams]


def states_of(log_of: LogOf, story: Story) -> pa.Table:
    return engine().states(log_of(story).facts(engine().connection), T)


def shuffled(states: pa.Table, chance: Random) -> pa.Table:
    """The same states, the rows of each stream in another order."""
    for name in STREAMS:
        lists = [rows and chance.sample(rows, len(rows)) for rows in states[name].to_pylist()]
        place = states.column_names.index(name)
        states = states.set_column(place, name, pa.array(lists, states.schema.field(name).type))
    return states


@FEW
@given(past=past, seed=st.integers(0, 2**32))
def test_the_order_of_the_rows_that_are_kept_changes_no_byte(log_of: LogOf, past: Any, seed: int):
    states = states_of(log_of, told(past))
    assert pack(shuffled(states, Random(seed))).equals(pack(states))


@FEW
@given(past=past)
def test_each_value_depends_on_its_own_row_alone(log_of: LogOf, past: Any):
    states = states_of(log_of, told(past))
    packed = pack(states).to_pylist()
    assert [pack(states.slice(place, 1))[0].as_py() for place in range(len(states))] == packed
    twice = pa.concat_tables([states, states.slice(1)])
    assert pack(twice).to_pylist() == packed + packed[1:]


def test_nobody_packs_to_nothing(log_of: LogOf):
    story = Story()
    story.knows(*PEOPLE)
    states = states_of(log_of, story)
    assert len(pack(states.slice(0, 0))) == 0
    assert pack(states.slice(0, 0)).type == pa.binary()


def test_who_did_nothing_has_empty_streams_and_is_like_all_others_of_that_kind(log_of: LogOf):
    story = Story()
    story.knows("anna", "bernd")
    states = states_of(log_of, story)
    assert {tuple(states[name].to_pylist()) for name in STREAMS} == {(None, None)}
    one, other = pack(states).to_pylist()
    assert one == other
    _, floats = HEADER.unpack_from(one)
    assert floats == len(layout().numbers) + len(STREAMS)


def test_the_layout_holds_every_settled_and_hidden_column_and_every_stream_once():
    settled = [one.name for group in GROUPS for one in group.settled]
    hidden = [name for group in GROUPS for name in group.hidden]
    shape = layout()
    assert sorted([*shape.numbers, *shape.texts]) == sorted([*settled, *hidden])
    assert [stream.name for stream in shape.streams] == STREAMS
    assert shape.moments == {"last_booking_at"}


def _other_column(shape: Layout) -> Layout:
    return replace(shape, streams=(replace(shape.streams[0], numbers=("at",)), *shape.streams[1:]))


@pytest.mark.parametrize(
    "changed",
    [
        lambda shape: replace(shape, numbers=shape.numbers[::-1]),
        lambda shape: replace(shape, numbers=shape.numbers[1:]),
        lambda shape: replace(shape, moments=frozenset()),
        lambda shape: replace(shape, texts=(*shape.texts, "motto")),
        lambda shape: replace(shape, streams=shape.streams[1:]),
        _other_column,
    ],
    ids=["order", "fewer", "moments", "texts", "streams", "columns of a stream"],
)
def test_any_other_layout_has_another_fingerprint(changed: Callable[[Layout], Layout]):
    assert changed(layout()).fingerprint != layout().fingerprint
    assert len(layout().fingerprint) == 8
