// What the counter page asks for and what comes back: in which order, with which outcome, and where
// the cursor is then. Answers and live swaps may overtake each other; the newer facts stay.

// What was asked for last is what is shown: a work that is still on its way is not waited for. A
// command is never broken off, and what is asked for meanwhile comes after its answer. Both are told
// by the request itself: the form that sent it may be replaced before the answer comes, and then
// hears nothing of it.
let showing = null;
let commands = 0;
let askedMeanwhile = "";
let inLine = [];
document.addEventListener("htmx:beforeRequest", (event) => {
  const { requestConfig, target, pathInfo, xhr } = event.detail;
  const isCommand = requestConfig.verb === "post";
  if (!isCommand && target.id === "work" && commands > 0) {
    askedMeanwhile = pathInfo.finalRequestPath;
    event.preventDefault();
    return;
  }
  for (const name of ["error", "timeout", "load"]) xhr.addEventListener(name, () => tellOutcome(xhr.status));
  if (!isCommand && target.id !== "work") return;
  xhr.addEventListener("loadend", () => afterAnswer(xhr, isCommand));
  commands += Number(isCommand);
  showing?.abort();
  showing = isCommand ? null : xhr;
});

function afterAnswer(xhr, isCommand) {
  if (isCommand) commands -= 1;
  if (showing === xhr) showing = null;
  drawnAt = performance.now();
  putBackWhatIsNewer(xhr, isCommand ? ["who", "ticket", "right"] : ["ticket"]);
  closeWhatIsAboutAnother();
  writeTypedAhead();
  goOn();
}

// Does something that sends a command, after those that are on their way: the page that it is done
// on is then the one that shows their answers.
function inTurn(act) {
  inLine.push(act);
  goOn();
}

function goOn() {
  while (commands === 0 && inLine.length > 0) inLine.shift()();
  if (commands > 0 || !askedMeanwhile) return;
  const path = askedMeanwhile;
  askedMeanwhile = "";
  htmx.ajax("GET", path, "#work");
}

// Nobody is logged in any more by this page's cookie. The answer to a command may bring another, as
// a handover does: it is waited for.
document.addEventListener("htmx:sseOpen", (event) => event.detail.source.addEventListener("gone", leave));
function leave(event) {
  event.target.close();
  lineIsDown();
  inTurn(() => location.assign("/"));
}

// A product that is pressed again before the answer is there is meant again.
document.addEventListener("click", (event) => {
  const sku = event.target.closest("#products [data-sku]")?.dataset.sku;
  if (sku === undefined || commands === 0) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  inTurn(() => document.querySelector(`#products [data-sku="${CSS.escape(sku)}"]`)?.click());
}, true);

// The second click of a double one is for what the first was for, not for what an answer has put in
// its place. Enter that is held down is pressed once.
let clicked = { what: "", at: 0 };
let drawnAt = 0;
document.addEventListener("click", (event) => {
  const control = event.target.closest("a, button");
  const what = control ? signature(control) : "";
  if (event.detail > 1 && drawnAt > clicked.at && what !== clicked.what) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else clicked = { what, at: event.timeStamp };
}, true);
document.addEventListener("keydown", (event) => {
  if (!event.repeat || event.key !== "Enter" || event.target.matches("textarea")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// A command whose answer does not come (status 0), or is none: say that the outcome is not known. The
// form keeps its request id, so sending it again settles it and never does it twice.
function tellOutcome(status) {
  if (status === 401) {
    location.assign("/");
    return;
  }
  const isAnswer = (status >= 200 && status < 400) || status === 403 || status === 422;
  document.getElementById("unknown-outcome").hidden = isAnswer;
  if (!isAnswer) inLine = [];
}

// Regions that both the live line and answers draw: an answer that was overtaken by the line holds
// older ones. Both bear the version of the screen (`edge.web.screen`).
const streamed = new Map();
document.addEventListener("htmx:sseMessage", (event) => {
  const { data, lastEventId } = event.detail;
  streamed.set(event.target.id, { html: data, version: lastEventId });
  closeWhatIsAboutAnother();
});

function isNewer(one, other) {
  const [[start, count], [otherStart, otherCount]] = [one.split("-"), other.split("-")];
  return start === otherStart && Number(count) > Number(otherCount);
}

function putBackWhatIsNewer(xhr, names) {
  const version = xhr.getResponseHeader("Screen-Version");
  for (const name of version ? names : []) {
    const region = document.getElementById(name);
    const live = streamed.get(name);
    if (!region || !live || !isNewer(live.version, version)) continue;
    htmx.swap(region, live.html, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
  }
}

// data-for-member="7": what is in hand is about the member who was on the screen. Once another is
// there it closes, so that nothing is booked on the wrong one; a form that waits for a new card
// stays when one is tapped, and any form where nobody came instead, as after a start of the box. What
// a hand went on typing at that moment is meant for nothing else.
const TYPES_ON_MS = 2_000;
let closedAt = -Infinity;
function closeWhatIsAboutAnother() {
  const work = document.getElementById("work");
  const about = work?.querySelector("[data-for-member]")?.dataset.forMember;
  const shown = document.querySelector("#who [data-member]")?.dataset.member ?? "0";
  const waitsForCard = shown === "0" && work?.querySelector("#tapped-card");
  const nobodyCame = shown === "0" && !document.querySelector("#who > .notice.bad");
  if (about === undefined || about === shown || waitsForCard || nobodyCame || commands > 0) return;
  if (work.contains(document.activeElement)) closedAt = performance.now();
  tellOnTicket();
  work.replaceChildren();
  htmx.ajax("GET", "/show/ticket", "#work");
}

document.addEventListener("keydown", (event) => {
  // Who asks for something has seen that the form is gone: what is typed next is for what comes.
  if (/^(F\d+|Escape)$/.test(event.key)) closedAt = -Infinity;
  if (inField(event.target) || event.timeStamp - closedAt > TYPES_ON_MS) return;
  if (!isTyping(event)) return;
  closedAt = Math.max(closedAt, event.timeStamp);
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// What is typed while a work is on its way is meant for its first field, not for the page beneath.
// Only Enter is not: nothing is sent that nobody has seen.
let typedAhead = "";
const isTyping = (event) =>
  (event.key.length === 1 || event.key === "Enter") && !event.ctrlKey && !event.altKey && !event.metaKey;
document.addEventListener("keydown", (event) => {
  const comes = showing !== null || askedMeanwhile !== "";
  if (!comes || inField(event.target) || !isTyping(event) || document.getElementById("palette")?.open) return;
  if (event.key.length === 1) typedAhead += event.key;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

function writeTypedAhead() {
  if (showing !== null || askedMeanwhile) return;
  const field = document.activeElement;
  if (typedAhead && inField(field) && field.closest("#work")) {
    field.value += typedAhead;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  typedAhead = "";
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
