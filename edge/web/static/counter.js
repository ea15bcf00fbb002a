// Keys, palette and small comforts of the counter page. All facts and forms come from the server.
//
// data-key="F2"      this control is pressed by that key (Escape and Enter too)
// data-field="find"  its key moves to that field instead, where the page has it
// data-fill="name=value"   a button that writes a value into a field of its form
// Keys work from anywhere, in a field too, except for `/` and `?`, which are characters there.

// What stands in the actions may be left out on a short screen and still be pressed by its key.
const shown = (element) =>
  !element.disabled && (element.offsetParent !== null || element.closest("#right") !== null);
const inField = (target) => target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");

// The key as `data-key` names it: `F3`, `Shift+F3`, `Escape`.
const keyName = (event) => (event.shiftKey && /^F\d+$/.test(event.key) ? `Shift+${event.key}` : event.key);

function pressKey(key) {
  const control = [...document.querySelectorAll(`[data-key="${key}"]`)].find(shown);
  if (!control) return false;
  // What is typed right after the key must not wait for an answer: use the field that is there.
  const field = control.dataset.field && document.getElementById(control.dataset.field);
  if (field) {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  } else control.click();
  return true;
}

function openPalette() {
  const palette = document.getElementById("palette");
  if (!palette || palette.open) return;
  const field = palette.querySelector("input");
  field.value = "";
  fillPalette();
  palette.showModal();
  field.focus();
}

// A live swap beneath replaces the controls that the palette presses: it is filled anew then.
function fillPalette() {
  const palette = document.getElementById("palette");
  const chosen = palette.querySelector("[aria-selected=true]")?.textContent;
  const list = palette.querySelector("ol");
  list.replaceChildren();
  // What can be done now stands first; who works here and in which language, last.
  const controls = [...document.querySelectorAll("[data-command]")].filter(shown);
  const isOwn = (control) => Number(control.closest(".own") !== null);
  controls.sort((one, other) => isOwn(one) - isOwn(other));
  for (const control of controls) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.append(control.dataset.command);
    if (control.dataset.key) {
      const key = document.createElement("kbd");
      key.textContent = control.dataset.key;
      button.append(key);
    }
    button.addEventListener("click", () => {
      palette.close();
      control.click();
    });
    item.append(button);
    list.append(item);
  }
  filterPalette();
  choosePaletteItem(Math.max(paletteItems().findIndex((item) => item.textContent === chosen), 0));
}

function filterPalette() {
  const words = document.querySelector("#palette input").value.toLowerCase();
  for (const item of document.querySelectorAll("#palette li")) {
    item.hidden = !item.textContent.toLowerCase().includes(words);
  }
}

for (const name of ["htmx:sseMessage", "htmx:afterSwap"]) {
  document.addEventListener(name, () => document.getElementById("palette")?.open && fillPalette());
}

function paletteItems() {
  return [...document.querySelectorAll("#palette li:not([hidden])")];
}

function choosePaletteItem(index) {
  const items = paletteItems();
  items.forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
  items[index]?.scrollIntoView({ block: "nearest" });
}

function paletteKey(event) {
  const items = paletteItems();
  const chosen = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") choosePaletteItem(Math.min(chosen + 1, items.length - 1));
  else if (event.key === "ArrowUp") choosePaletteItem(Math.max(chosen - 1, 0));
  else if (event.key === "Enter") items[chosen]?.querySelector("button").click();
  else return;
  event.preventDefault();
}

// data-change-from="1250" (fen), or the name of the field with the yuan that are due: shows what a
// cashier gives back, before anything is sent.
document.addEventListener("input", (event) => {
  const form = event.target.closest("form");
  const field = form?.querySelector("[data-change-from]");
  const from = field?.dataset.changeFrom;
  if (!from || (event.target !== field && event.target.name !== from)) return;
  const fen = (text) => Math.round(Number(text.replace(",", ".")) * 100);
  const due = /^\d+$/.test(from) ? Number(from) : fen(form.elements[from].value);
  const received = field.value ? fen(field.value) : Number.NaN;
  const shows = form.querySelector("[data-change]");
  shows.textContent = Number.isFinite(received) && received >= due ? `¥${((received - due) / 100).toFixed(2)}` : "–";
});

// data-piece-fen="10000": adds up a count of notes and coins while it is typed.
document.addEventListener("input", (event) => {
  if (event.target.dataset.pieceFen === undefined) return;
  const form = event.target.closest("form");
  let fen = 0;
  for (const field of form.querySelectorAll("[data-piece-fen]")) fen += Number(field.dataset.pieceFen) * (Number(field.value) || 0);
  form.querySelector("[data-pieces-sum]").textContent = `¥${(fen / 100).toFixed(2)}`;
});

document.addEventListener("input", (event) => {
  if (!event.target.closest("#palette")) return;
  filterPalette();
  choosePaletteItem(0);
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const palette = document.getElementById("palette");
  if (palette?.open) {
    paletteKey(event);
    return;
  }
  let done = false;
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    openPalette();
    done = true;
  } else if (event.key === "/" && !inField(event.target)) {
    done = pressKey("/");
  } else if (event.key === "?" && !inField(event.target)) {
    done = pressKey("F1");
  } else if (event.key === "+" && (!inField(event.target) || (event.target.closest(".ticket-and-products") && !event.target.value))) {
    done = pressKey("F2");
  } else if (/^F\d+$/.test(event.key) || event.key === "Escape") {
    done = pressKey(keyName(event));
  } else if (event.key === "Enter" && event.target === document.body) {
    done = pressKey("Enter");
  }
  if (done) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-fill]");
  if (control) {
    const [name, value] = control.dataset.fill.split("=");
    const field = control.closest("form").elements[name];
    field.value = control.dataset.append === undefined ? value : field.value + value;
    field.focus();
    for (const happened of ["input", "change"]) field.dispatchEvent(new Event(happened, { bubbles: true }));
  }
  if (event.target.closest("[data-palette]")) openPalette();
  if (event.target.closest("[data-reload]")) location.reload();
});

// A form that loads a whole page is sent once, however often Enter is pressed.
const SENT_ONCE_MS = 3_000;
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, SENT_ONCE_MS);
});

// data-staff-events="/log-in/events": a tapped staff card chooses its person; the PIN is typed.
for (const page of document.querySelectorAll("[data-staff-events]")) {
  listen(page.dataset.staffEvents, {
    "staff-card": (event) => {
      const choice = page.querySelector(`input[name="staff"][value="${event.data}"]`);
      if (!choice) return;
      choice.checked = true;
      page.querySelector("#pin").focus();
    },
    truth: (event) => {
      document.getElementById("truth").innerHTML = event.data;
    },
  });
}

// A code that a scanner types into the field for a PIN is no try at it.
const PIN_SCAN_GAP_MS = 40;
const PIN_SCAN_LENGTH_MIN = 8;
let pinKeys = { count: 0, at: 0 };
document.addEventListener("keydown", (event) => {
  if (!event.target.matches(".login #pin")) return;
  const isQuick = event.timeStamp - pinKeys.at <= PIN_SCAN_GAP_MS;
  const isCode = event.key === "Enter" && isQuick && pinKeys.count >= PIN_SCAN_LENGTH_MIN;
  pinKeys = { count: event.key.length > 1 ? 0 : isQuick ? pinKeys.count + 1 : 1, at: event.timeStamp };
  if (!isCode) return;
  event.preventDefault();
  event.target.value = "";
});
