"""`make demo`: a hub and two cafes on this machine, in the browser; Ctrl-C ends everything.

DEVICES=fake runs without pcscd. The state stays in build/demo (or --folder); delete it to begin
anew.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from edge.drivers.fake.virtual_pcscd import VirtualPcscdError
from examples.two_cafes import seed
from examples.two_cafes.panel import Panel
from examples.two_cafes.ports import Ports
from examples.two_cafes.processes import ProcessEndedError
from examples.two_cafes.stack import CAFES, Stack, StackError

DEFAULT_FOLDER = Path("build/demo")


def main() -> int:
    """Run the demo until Ctrl-C; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.two_cafes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the state stays")
    parser.add_argument("--free-ports", action="store_true", help="use any free ports")
    options = parser.parse_args()
    ports = Ports.free() if options.free_ports else Ports()
    stack = Stack(options.folder, os.environ.get("DEVICES", "real"), ports)
    try:
        asyncio.run(_run(stack))
    except (VirtualPcscdError, ProcessEndedError, StackError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


async def _run(stack: Stack) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    work = asyncio.create_task(_show(stack))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    finally:
        _say("正在结束 · ending")
        await stack.close()


async def _show(stack: Stack) -> None:
    """Bring everything up, say where it is, and stay until a process ends by itself."""
    started_s = time.monotonic()
    demo = await _bring_up(stack)
    panel = web.AppRunner(Panel(stack, demo).application(), access_log=None)
    await panel.setup()
    try:
        await web.TCPSite(panel, "127.0.0.1", stack.ports.panel).start()
        _say_where(stack, demo, time.monotonic() - started_s)
        await stack.processes.wait_for_one_to_end()
        stack.processes.check()
    finally:
        await panel.cleanup()


async def _bring_up(stack: Stack) -> seed.Demo:
    is_new = not (stack.folder / "demo.json").exists()
    if is_new and not stack.is_new:
        raise StackError(f"{stack.folder} holds half a demo. Delete it and start again")
    _say("读卡器、打印机、门 · readers, printers, doors")
    stack.prepare()
    await stack.open_lines()
    _say("总部 · hub")
    await stack.start_hub()
    if is_new:
        await stack.wait_for(stack.hub_address)
        return await seed.seed(stack, _say)
    _say("两家门店 · two cafes")
    for cafe in CAFES:
        await stack.start_box(cafe)
    await stack.wait_for(stack.hub_address, *map(stack.counter_address, CAFES))
    return seed.load(stack.folder)


def _say(words: str) -> None:
    print(f"  … {words}", flush=True)


def _say_where(stack: Stack, demo: seed.Demo, took_s: float) -> None:
    pins = "  ".join(f"{person.name} PIN {person.secret}" for person in demo.staff)
    print(
        f"""
  就绪 · ready in {took_s:.1f} s

  演示台 · demo panel    http://127.0.0.1:{stack.ports.panel}/
  总部   · head office   {stack.hub_address}    {demo.office.name} / {demo.office.secret}
  甲店   · cafe A        {stack.counter_address("a")}
  乙店   · cafe B        {stack.counter_address("b")}
  {pins}

  Ctrl-C 结束 · ends everything. 状态保存在 · state stays in {stack.folder}
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
