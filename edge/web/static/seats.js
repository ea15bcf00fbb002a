// The seat map by keyboard: arrow keys go to the nearest seat that way, Enter chooses it. Where the
// map is drawn anew, the cursor stays on its seat.

const allSeats = () => [...document.querySelectorAll("#seats .seat")];
const middleOf = (seat) => {
  const box = seat.getBoundingClientRect();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
};
const directions = {
  ArrowLeft: (dx, dy) => [-dx, Math.abs(dy)],
  ArrowRight: (dx, dy) => [dx, Math.abs(dy)],
  ArrowUp: (dx, dy) => [-dy, Math.abs(dx)],
  ArrowDown: (dx, dy) => [dy, Math.abs(dx)],
};

function nearestSeat(from, key) {
  const start = middleOf(from);
  let best = null;
  let least = Infinity;
  for (const seat of allSeats()) {
    const { x, y } = middleOf(seat);
    const [ahead, aside] = directions[key](x - start.x, y - start.y);
    const far = ahead + 3 * aside;
    if (seat !== from && ahead > 4 && far < least) {
      best = seat;
      least = far;
    }
  }
  return best;
}

function moveToSeat(seat) {
  for (const other of allSeats()) other.tabIndex = other === seat ? 0 : -1;
  seat.focus();
}

document.addEventListener("keydown", (event) => {
  const seat = event.target.closest?.("#seats .seat");
  if (!seat || !directions[event.key]) return;
  event.preventDefault();
  const next = nearestSeat(seat, event.key);
  if (next) moveToSeat(next);
});

let seatInHand = "";
document.addEventListener("htmx:sseBeforeMessage", () => {
  seatInHand = document.activeElement?.closest?.("#seats .seat")?.dataset.seat ?? "";
});
document.addEventListener("htmx:sseMessage", () => {
  const seat = seatInHand && document.querySelector(`#seats .seat[data-seat="${seatInHand}"]`);
  if (seat && document.activeElement === document.body) moveToSeat(seat);
});
