// Keys, palette and small comforts of the counter page. All facts and forms come from the server.
//
// data-key="F2"      this control is pressed by that key (Escape and Enter too)
// data-field="find"  its key moves to that field instead, where the page has it
// data-fill="name=value"   a button that writes a value into a field of its form
// Keys work from anywhere, in a field too, except for `/`, which is a character there.

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
  const field = palette.querySelector("input");
  field.value = "";
  palette.showModal();
  field.focus();
  choosePaletteItem(0);
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

// data-filter="#products": shows those whose data-words hold what is typed; Enter takes the first.
document.addEventListener("input", (event) => {
  const list = event.target.dataset.filter;
  if (!list) return;
  const words = event.target.value.trim().toLowerCase();
  for (const item of document.querySelectorAll(`${list} [data-words]`)) {
    item.hidden = !item.dataset.words.toLowerCase().includes(words);
  }
});

document.addEventListener("keydown", (event) => {
  const list = event.target.dataset?.filter;
  if (!list || event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  if (!event.target.value.trim()) {
    pressKey("Enter");
    return;
  }
  const first = [...document.querySelectorAll(`${list} [data-words]`)].find((item) => !item.hidden);
  first?.querySelector("button").click();
});

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
  const words = event.target.value.toLowerCase();
  for (const item of document.querySelectorAll("#palette li")) {
    item.hidden = !item.textContent.toLowerCase().includes(words);
  }
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
  } else if (event.key === "+" && (!inField(event.target) || (event.target.closest(".ticket-and-products") && !event.target.value))) {
    done = pressKey("F2");
  } else if (/^F\d+$/.test(event.key) || event.key === "Escape") {
    done = pressKey(keyName(event));
  } else if (event.key === "Enter" && event.target === document.body) {
    done = pressKey("Enter");
  }
  if (done) event.preventDefault();
});

// A scanner types: characters a few milliseconds apart, then Enter. Outside a field such a line is a
// product's code for the ticket; a single digit alone presses the product of that number.
const SCAN_GAP_MS = 40;
const SCAN_LENGTH_MIN = 4;
let scanned = "";
let scannedAt = 0;
let digitAlone = 0;

function addScanned(code) {
  const field = document.getElementById("scan");
  if (!field) return false;
  field.value = code;
  field.form.requestSubmit();
  return true;
}

// What the box's own scanner read goes onto the ticket, whatever is shown, and no field is touched.
// The scan's id makes it one line where two windows hear of it.
document.addEventListener("htmx:sseMessage", async (event) => {
  if (event.target.id !== "scanned") return;
  const scan = JSON.parse(event.detail.data);
  const answer = await fetch("/desk/add_line", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ request_id: scan.id, sku: scan.text, quantity: 1 }),
  });
  const told = document.getElementById("scanned");
  told.textContent = answer.ok ? "" : `${scan.text}: ${(await answer.json()).words}`;
  told.className = answer.ok ? "" : "notice bad";
  told.hidden = answer.ok;
});

document.addEventListener("keydown", (event) => {
  if (inField(event.target) || event.ctrlKey || event.altKey || event.metaKey || document.getElementById("palette")?.open) return;
  // When it was typed, not when a busy page comes to it: a code is not parted by the page's own work.
  if (event.timeStamp - scannedAt > SCAN_GAP_MS) scanned = "";
  scannedAt = event.timeStamp;
  clearTimeout(digitAlone);
  if (event.key === "Enter" && scanned.length >= SCAN_LENGTH_MIN) {
    const code = scanned;
    scanned = "";
    if (addScanned(code)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  } else if (/^[0-9A-Za-z-]$/.test(event.key)) {
    scanned += event.key;
    const digit = event.key;
    const quick = /^[1-9]$/.test(digit) && scanned.length === 1;
    if (quick) digitAlone = setTimeout(() => document.querySelector(`[data-digit="${digit}"]`)?.click(), SCAN_GAP_MS);
  }
}, true);

// data-times: a code may be typed with how many of it, `3*COLA`.
document.addEventListener("htmx:configRequest", (event) => {
  const field = event.detail.elt.querySelector?.("[data-times]");
  const typed = field && /^(\d{1,5})\*(.+)$/.exec(field.value.trim());
  if (typed) Object.assign(event.detail.parameters, { quantity: typed[1], sku: typed[2] });
});

// data-filter-by="饮料": writes a word into the field that filters the products.
document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-filter-by]");
  if (!control) return;
  const field = document.getElementById("product-filter");
  field.value = control.dataset.filterBy;
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-fill]");
  if (control) {
    const [name, value] = control.dataset.fill.split("=");
    const field = control.closest("form").elements[name];
    field.value = control.dataset.append === undefined ? value : field.value + value;
    field.focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  if (event.target.closest("[data-palette]")) openPalette();
  if (event.target.closest("[data-reload]")) location.reload();
});

// What was asked for last is what is shown: a work that is still on its way is not waited for. A
// command is never broken off, and what is asked for meanwhile comes after its answer. Both are told
// by the request itself: the form that sent it may be replaced before the answer comes, and then
// hears nothing of it.
let showing = null;
let commands = 0;
let askedMeanwhile = "";
document.addEventListener("htmx:beforeRequest", (event) => {
  const { requestConfig, target, pathInfo, xhr } = event.detail;
  const isCommand = requestConfig.verb === "post";
  if (!isCommand && target.id === "work" && commands > 0) {
    askedMeanwhile = pathInfo.finalRequestPath;
    event.preventDefault();
    return;
  }
  for (const name of ["error", "timeout", "load"]) xhr.addEventListener(name, () => tellOutcome(xhr.status));
  if (isCommand) {
    commands += 1;
    xhr.addEventListener("loadend", showAskedMeanwhile);
  } else if (target.id !== "work") return;
  showing?.abort();
  showing = isCommand ? null : xhr;
});

function showAskedMeanwhile() {
  commands -= 1;
  if (commands > 0 || !askedMeanwhile) return;
  htmx.ajax("GET", askedMeanwhile, "#work");
  askedMeanwhile = "";
}

// A command whose answer does not come (status 0), or is none: say that the outcome is not known. The
// form keeps its request id, so sending it again settles it and never does it twice.
function tellOutcome(status) {
  if (status === 401) {
    location.assign("/");
    return;
  }
  const isAnswer = (status >= 200 && status < 400) || status === 403 || status === 422;
  document.getElementById("unknown-outcome").hidden = isAnswer;
}

// What a swap brings may ask for the cursor. Else it stays where a keyboard had put it, on the same
// control of what is drawn anew (a button is disabled while its command runs, and so loses it). What
// was clicked or touched does not keep it: Enter then takes the payment, as from anywhere.
let inHand = "";
function signature(control) {
  const form = control.closest("form");
  const facts = [...(form?.elements ?? [])].filter((field) => field.type === "hidden" && field.name !== "request_id");
  const words = control.getAttribute("aria-label") ?? control.textContent;
  const own = [control.tagName, control.getAttribute("href"), control.name, words.trim()];
  return [...own, form?.getAttribute("action"), ...facts.map((field) => `${field.name}=${field.value}`)].join("\n");
}
document.addEventListener("focusin", (event) => {
  inHand = event.target.matches("a:focus-visible, button:focus-visible") ? signature(event.target) : "";
});
document.addEventListener("pointerdown", () => {
  inHand = "";
});
for (const name of ["htmx:afterSwap", "htmx:sseMessage"]) {
  document.addEventListener(name, (event) => {
    if (document.getElementById("palette")?.open) return;
    const field = name === "htmx:afterSwap" && event.detail.elt.querySelector?.("[autofocus]");
    if (field) field.focus();
    else if (inHand && document.activeElement === document.body) {
      const controls = [...document.querySelectorAll("a, button")];
      controls.find((control) => signature(control) === inHand)?.focus({ preventScroll: true });
    }
  });
}

// data-staff-events="/log-in/events": a tapped staff card chooses its person; the PIN is typed.
for (const page of document.querySelectorAll("[data-staff-events]")) {
  new EventSource(page.dataset.staffEvents).addEventListener("staff-card", (event) => {
    const choice = page.querySelector(`input[name="staff"][value="${event.data}"]`);
    if (!choice) return;
    choice.checked = true;
    page.querySelector("#pin").focus();
  });
}

// The live line: while it is down, the page says so instead of showing old facts as new ones.
document.addEventListener("htmx:sseError", () => document.body.classList.add("stale"));
document.addEventListener("htmx:sseOpen", () => document.body.classList.remove("stale"));
