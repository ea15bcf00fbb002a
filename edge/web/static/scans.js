// Scanned codes and quick keys. A code goes onto the ticket whatever is shown, and touches no field:
// the live line shows the line that it makes.

// The scan's id makes it one line, where two windows hear of it or its answer is lost.
const SCAN_TIMEOUT_MS = 15_000;
async function addScanned({ id, text, quantity = 1 }) {
  const told = document.getElementById("scanned");
  const tell = (words) => {
    told.textContent = words && `${text}: ${words}`;
    told.className = words ? "notice bad" : "";
    told.hidden = !words;
  };
  let answer = null;
  let outcome = null;
  try {
    answer = await fetch("/desk/add_line", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ request_id: id, sku: text, quantity }),
      signal: AbortSignal.timeout(SCAN_TIMEOUT_MS),
    });
    outcome = await answer.json();
    tell(answer.ok ? "" : outcome.words);
  } catch {
    tell(told.dataset.unknown);
  }
  if (!answer?.ok) return false;
  if (outcome.repeated) return true; // of a page that is loaded anew: its line is there, or gone since
  // What was done before makes room, as after any command.
  for (const old of document.querySelectorAll("#work > .notice, #work > .change-screen")) old.remove();
  if (document.body.classList.contains("stale") && document.getElementById("ticket")) htmx.ajax("GET", "/show/ticket", "#work");
  return true;
}

function typedScan(text, quantity) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  const id = `keys-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return addScanned({ id, text, quantity });
}

document.addEventListener("htmx:sseMessage", (event) => {
  if (event.target.id === "scanned") addScanned(JSON.parse(event.detail.data));
});

// The field for codes: ready for the next one at once. How many may stand before it, `3*COLA`. A code
// that was not taken comes back.
document.addEventListener("submit", async (event) => {
  const field = event.target.querySelector("[data-times]");
  if (!field) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const typed = field.value.trim();
  if (!typed) return;
  const times = /^(\d{1,5})\*(.+)$/.exec(typed);
  field.value = "";
  field.blur();
  const done = times ? await typedScan(times[2], times[1]) : await typedScan(typed, 1);
  if (done || !field.isConnected || field.value || document.activeElement !== document.body) return;
  field.value = typed;
  field.select();
}, true);

// A scanner types: characters a few milliseconds apart, then Enter. Outside a field such a line is a
// product's code; a single digit alone presses the product of that number.
const SCAN_GAP_MS = 40;
const SCAN_LENGTH_MIN = 4;
const ROLLED_DIGITS_MAX = 2; // two keys that fingers rolled over
let scanned = "";
let scannedAt = 0;
let digitsAlone = 0;

function pressDigits() {
  clearTimeout(digitsAlone);
  if (!digitsAlone) return;
  digitsAlone = 0;
  const typed = scanned;
  scanned = "";
  if (typeCash(typed)) return;
  for (const digit of typed) document.querySelector(`[data-digit="${digit}"]`)?.click();
}

// Digits typed while a tender is being chosen are the cash that lies there: it is paid in cash then.
function typeCash(digits) {
  const payment = document.activeElement.closest(".payment");
  const cash = payment?.querySelector('[name="tender"][value="cash"]');
  const field = payment?.querySelector(".for-cash input");
  if (!cash || !field) return false;
  cash.click();
  field.focus();
  field.value += digits;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return true;
}

document.addEventListener("keydown", (event) => {
  if (inField(event.target) || event.ctrlKey || event.altKey || event.metaKey || document.getElementById("palette")?.open) return;
  // When it was typed, not when a busy page comes to it: a code is not parted by the page's own work.
  if (event.timeStamp - scannedAt > SCAN_GAP_MS) {
    pressDigits();
    scanned = "";
  }
  scannedAt = event.timeStamp;
  if (event.key === "Enter" && scanned.length >= SCAN_LENGTH_MIN) {
    typedScan(scanned, 1);
    scanned = "";
    event.preventDefault();
    event.stopImmediatePropagation();
  } else if (/^[0-9A-Za-z-]$/.test(event.key)) {
    clearTimeout(digitsAlone);
    scanned += event.key;
    const quick = /^\d+$/.test(scanned) && scanned.length <= ROLLED_DIGITS_MAX;
    digitsAlone = quick ? setTimeout(pressDigits, SCAN_GAP_MS) : 0;
  } else pressDigits();
}, true);

// A scanner that types into a field for an amount or a count: no hand types so much so fast. The code
// goes onto the ticket, and the field has what stood in it.
const AMOUNT_SCAN_LENGTH_MIN = 8;
let into = { field: null, before: "", text: "", at: 0 };
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!inField(field) || !/^(decimal|numeric)$/.test(field.inputMode) || field.type === "password") return;
  if (into.field !== field || event.timeStamp - into.at > SCAN_GAP_MS) {
    into = { field, before: field.value, text: "", at: 0 };
  }
  into.at = event.timeStamp;
  if (/^[0-9A-Za-z-]$/.test(event.key)) into.text += event.key;
  else if (event.key === "Enter" && into.text.length >= AMOUNT_SCAN_LENGTH_MIN) {
    event.preventDefault();
    event.stopImmediatePropagation();
    field.value = into.before;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    typedScan(into.text, 1);
    into.text = "";
  } else if (event.key.length === 1) into.text = "";
}, true);
