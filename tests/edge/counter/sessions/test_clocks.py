"""Session time is measured as it passes: over midnight, restarts, reboots, and a set clock."""

from pathlib import Path

import pytest

from edge.desk.session_clock import SETTING
from sync_protocol.kinds import RULE, SESSION
from sync_protocol.ops import TRUST_RTC
from sync_protocol.rules import RULES
from tests.edge.counter.sessions.floor import papers
from tests.edge.desk.counter import MANAGER, START_MS, Counter, MovedClock, furnish, open_counter

HOUR_S = 3600
IN_1970_MS = 60_000


class Seated:
    """A counter with one seat, opened anew after each restart on the same store and clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = MovedClock()
        self.seat = self.session = 0
        self.rates: list[dict[str, object]] = [{"fen_per_hour": 600}]

    async def begin(self, trust: int = 0, **inputs: object) -> None:
        """Set the seat up and seat a guest."""
        self.clock.trust = trust
        async with open_counter(self.folder, self.clock) as counter:
            await furnish(counter)
            columns = RULES["rates"].columns
            rows = [[row.get(one.name, one.default) for one in columns] for row in self.rates]
            await counter.hub.document(RULE, "rates", {"version": 2, "values": rows})
            counter.desk.log_applied()
            await counter.log_in(MANAGER)
            grid = {"row": 1, "column": 1, "per_row": 1}
            made = await counter.do(
                "set_up_seats", prefix="A", first=1, last=1, zone="hall", **grid
            )
            self.seat = made.values["seats"][0]  # type: ignore[index]  # a list of ids
            started = await counter.do("start_session", seat=self.seat, **papers(), **inputs)
            self.session = int(str(started.values["session"]))

    async def end(self, due_fen: int, hours: float = 0, look: bool = True) -> dict[str, object]:
        """Restart the process, let time pass, look, end; return the answer and the clock's note."""
        async with open_counter(self.folder, self.clock) as counter:
            if look:  # as a box does at its start, and every few seconds
                await counter.desk.session_watch.look()
            await counter.log_in(MANAGER)
            self.clock.forward(hours * HOUR_S)
            if look:
                await counter.desk.session_watch.look()
            view = counter.desk.session_views.seat(self.seat)
            assert view is not None
            assert view.session is not None
            assert view.session.bill.due_fen == due_fen
            ended = await counter.do(
                "end_session", session=self.session, expected_total_fen=due_fen, tender="cash"
            )
            return {**ended.values, **read_session(counter, self.session)}


def read_session(counter: Counter, session: int) -> dict[str, object]:
    with counter.store.read() as reader:
        document = reader.register(SESSION, session)
        assert document is not None
        return {"note": document.value("clock_note"), "status": document.value("status")}


@pytest.fixture
def seated(tmp_path: Path) -> Seated:
    return Seated(tmp_path)


async def test_a_restart_of_the_process_costs_nobody_a_minute(seated: Seated) -> None:
    await seated.begin()
    seated.clock.forward(HOUR_S)
    ended = await seated.end(1_200, hours=1)
    assert (ended["minutes"], ended["note"]) == (120, "")


@pytest.mark.parametrize("step_hours", [3, -3, 24 * 365])
@pytest.mark.parametrize("look", [True, False])
async def test_a_step_of_the_wall_clock_changes_no_time(
    seated: Seated, step_hours: int, look: bool
) -> None:
    await seated.begin()
    seated.clock.forward(HOUR_S)
    seated.clock.step(step_hours * HOUR_S)
    ended = await seated.end(1_200, hours=1, look=look)
    assert (ended["minutes"], ended["note"]) == (120, "stepped")


async def test_two_steps_between_two_looks_are_one(seated: Seated) -> None:
    await seated.begin()
    seated.clock.step(5 * HOUR_S)
    seated.clock.forward(HOUR_S)
    seated.clock.step(-2 * HOUR_S)
    ended = await seated.end(600)
    assert ended["minutes"] == 60


async def test_prepaid_time_ends_when_it_is_used_up_by_any_clock(seated: Seated) -> None:
    await seated.begin(payment="prepaid", amount_fen=600, tender="cash")
    async with open_counter(seated.folder, seated.clock) as counter:
        seated.clock.step(3 * HOUR_S)
        assert await counter.desk.session_watch.look() == []
        seated.clock.forward(59 * 60)
        assert [one.what for one in await counter.desk.session_watch.look()] == ["ending"]
        seated.clock.step(-9 * HOUR_S)
        assert await counter.desk.session_watch.look() == []
        seated.clock.forward(61)
        assert [one.what for one in await counter.desk.session_watch.look()] == ["over"]
        assert read_session(counter, seated.session)["status"] == "ended"


async def test_after_a_reboot_a_clock_that_is_vouched_for_counts(seated: Seated) -> None:
    await seated.begin(trust=TRUST_RTC)
    seated.clock.boot(b"boot-001", START_MS + 2 * HOUR_S * 1000, TRUST_RTC)
    ended = await seated.end(1_200)
    assert (ended["minutes"], ended["note"]) == (120, "")


async def test_after_a_reboot_under_an_unknown_clock_the_time_off_is_free(seated: Seated) -> None:
    await seated.begin()
    async with open_counter(seated.folder, seated.clock) as counter:
        seated.clock.forward(HOUR_S)
        await counter.desk.session_watch.look()
    seated.clock.boot(b"boot-001", START_MS + 9 * HOUR_S * 1000)
    ended = await seated.end(1_200, hours=1)
    assert (ended["minutes"], ended["note"]) == (120, "restarted")


async def test_a_boot_in_1970_and_the_right_time_later(seated: Seated) -> None:
    await seated.begin(trust=TRUST_RTC)
    async with open_counter(seated.folder, seated.clock) as counter:
        seated.clock.forward(HOUR_S)
        await counter.desk.session_watch.look()
    seated.clock.boot(b"boot-001", IN_1970_MS)
    async with open_counter(seated.folder, seated.clock) as counter:
        await counter.desk.session_watch.look()
        seated.clock.forward(HOUR_S / 2)
        await counter.desk.session_watch.look()
        seated.clock.step((START_MS - IN_1970_MS) / 1000 + 10 * HOUR_S)
        await counter.desk.session_watch.look()
        await counter.printer.wait_for(0)
    ended = await seated.end(1_200, hours=0.5)
    assert (ended["minutes"], ended["note"]) == (120, "restarted")
    async with open_counter(seated.folder, seated.clock) as counter:
        jobs = await counter.desk.views.print_jobs(1)
        await counter.printer.wait_for(len(jobs))
        slip = str(counter.printer.printed[-1][0])
        assert "断电期间时钟不可信" in slip
        assert "时刻仅供参考" in slip


async def test_over_midnight_both_bands_count_also_where_the_process_restarts(
    seated: Seated,
) -> None:
    night = {"fen_per_hour": 300, "from_minute": 1380, "to_minute": 480}
    seated.rates = [{"fen_per_hour": 600}, night]
    minutes = seated.clock.now_ms // 60_000 + 8 * 60
    seated.clock.forward((22 * 60 - minutes % 1440) % 1440 * 60)
    seated.clock.now_ms -= seated.clock.now_ms % 60_000
    await seated.begin()
    seated.clock.forward(2 * HOUR_S)
    ended = await seated.end(600 + 300 + 300, hours=1)
    assert ended["minutes"] == 180


async def test_the_box_notes_each_minute_that_it_is_alive(seated: Seated) -> None:
    await seated.begin()
    async with open_counter(seated.folder, seated.clock) as counter:
        for seconds, moves in ((30, False), (31, True), (30, False)):
            with counter.store.read() as reader:
                before = reader.setting(SETTING)
            seated.clock.forward(seconds)
            await counter.desk.session_watch.look()
            with counter.store.read() as reader:
                assert (reader.setting(SETTING) != before) is moves
