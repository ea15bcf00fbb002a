// What was typed is lost by nothing but Esc. A form that is refused has it again when it is drawn
// anew. What was not sent outlives its page: a language that is chosen amid a form, a session that
// ended elsewhere, a reload. It waits in this tab for the person who typed it (`data-staff`), with
// its request id, so that what a lost answer had done is not done again. A PIN is never kept.

const UNSENT = `unsent-${document.body.dataset.staff}`;

// Which work stands in the middle: what is asked for it again.
const TICKET_WORK = "/show/ticket";
let standing = location.pathname.startsWith("/show/") ? location.pathname + location.search : TICKET_WORK;
let isRefused = false; // what was typed then stands in the form as the box wrote it
let isDone = false;
let isLeft = false;
let changesLanguage = false;
let sentWhole = null;

document.addEventListener("htmx:afterRequest", ({ detail: { xhr, requestConfig, pathInfo } }) => {
  const work = `/show/${xhr.getResponseHeader("Screen-Work")}`;
  if (work === "/show/null") return;
  const isCommand = requestConfig.verb === "post";
  if (!isCommand) standing = pathInfo.finalRequestPath;
  else if (standing.split("?")[0] !== work) standing = work;
  isRefused = isCommand && xhr.status >= 400;
  if (isRefused && sent.has(xhr)) fillRefused(sent.get(xhr));
  putBack();
});

const sent = new WeakMap();
document.addEventListener("htmx:beforeRequest", ({ detail: { xhr, elt } }) => {
  const form = elt.closest("#work form");
  if (form?.method === "post") sent.set(xhr, keep(form));
});

function fillRefused(kept) {
  const asksFor = document.activeElement.closest("#work [autofocus]");
  if (!fill({ ...kept, requestId: "", cursor: asksFor ? "" : kept.cursor }) && kept.words.length > 0) say("lost", kept.words);
}

document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  isDone = detail.requestConfig.verb === "post" && detail.xhr.status === 200 && detail.xhr.getResponseHeader("HX-Redirect") !== null;
});
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const action = event.target.getAttribute("action") ?? "";
  isLeft = action === "/desk/log_out";
  changesLanguage = action.startsWith("/language/");
  sentWhole = event.target;
});

const isOwn = (field) => field.name && field.matches("input, textarea, select") && !["hidden", "password", "file"].includes(field.type);
const ticks = (field) => ["radio", "checkbox"].includes(field.type);
function isTyped(field) {
  if (ticks(field)) return field.checked !== field.defaultChecked;
  if (!field.matches("select")) return field.value !== field.defaultValue;
  return field.selectedIndex !== Math.max([...field.options].findIndex((option) => option.defaultSelected), 0);
}

// What a form is about: the same form about another is not the one that was typed into.
const ABOUT_NOTHING = ["request_id", "expected_total_fen", "shown_ms", "tapped_card", "card_uid"];
function subject(form) {
  const facts = [...form.elements].filter((field) => field.type === "hidden" && !ABOUT_NOTHING.includes(field.name));
  return [form.getAttribute("action"), ...facts.map((field) => `${field.name}=${field.value}`)].join("\n");
}

function keep(form) {
  const fields = [...form.elements].filter((field) => isOwn(field) && (!ticks(field) || field.checked));
  return {
    subject: subject(form),
    requestId: form.elements.request_id?.value,
    fields: fields.map((field) => ({ name: field.name, value: field.value })),
    words: fields.filter((field) => !ticks(field) && !field.matches("select") && field.value).map((field) => `${nameOf(field)}: ${field.value}`),
    cursor: form.contains(document.activeElement) ? document.activeElement.name : "",
  };
}

function nameOf(field) {
  const label = field.labels?.[0];
  const words = [...(label?.childNodes ?? [])].find((node) => node.textContent.trim());
  return words?.textContent.trim() ?? field.getAttribute("aria-label") ?? field.name;
}

function typedForms() {
  const holds = (field) => isOwn(field) && (isTyped(field) || (isRefused && field.value && !ticks(field)));
  const forms = [...document.querySelectorAll("#work form")].filter((form) => form !== sentWhole);
  return forms.filter((form) => [...form.elements].some(holds)).map(keep);
}

window.addEventListener("pagehide", () => {
  if (isLeft) sessionStorage.removeItem(UNSENT);
  if (isLeft || isDone) return;
  const forms = typedForms();
  if (forms.length === 0 && !changesLanguage) return;
  const kept = { work: standing, inSight: changesLanguage, forms };
  sessionStorage.setItem(UNSENT, JSON.stringify(kept));
});

// What is in hand is about to close by itself: the ticket that comes says what was typed.
function tellOnTicket() {
  const forms = typedForms();
  if (forms.length > 0) waits = { work: TICKET_WORK, forms };
}

// Put back where its work stands again; from the ticket, where everybody begins, it is asked for.
let waits = JSON.parse(sessionStorage.getItem(UNSENT));
document.addEventListener("DOMContentLoaded", putBack);

function putBack() {
  if (!waits) return;
  if (standing !== waits.work) {
    if (standing.split("?")[0] === TICKET_WORK) htmx.ajax("GET", waits.work, "#work");
    return;
  }
  const { forms, inSight } = waits;
  waits = null;
  sessionStorage.removeItem(UNSENT);
  const lost = forms.filter((kept) => !fill(kept));
  if (lost.length > 0) say("lost", lost.flatMap((kept) => kept.words));
  else if (!inSight) say("back", []);
}

function fill({ subject: about, requestId, fields, cursor }) {
  const form = [...document.querySelectorAll("#work form")].find((one) => subject(one) === about);
  if (!form) return false;
  if (requestId) form.elements.request_id.value = requestId;
  for (const field of [...form.elements].filter(isOwn)) {
    const typed = fields.filter(({ name }) => name === field.name).map(({ value }) => value);
    if (ticks(field)) field.checked = typed.includes(field.value);
    else if (typed.length > 0) field.value = typed[0];
    if (isTyped(field) && field.closest("details")) field.closest("details").open = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const field = cursor && form.elements[cursor];
  if (field?.focus) field.focus();
  return true;
}

function say(what, words) {
  const told = document.getElementById(`unsent-${what}`).content.cloneNode(true);
  const list = told.querySelector("ul");
  for (const line of words) list.append(Object.assign(document.createElement("li"), { textContent: line }));
  document.getElementById("work").prepend(told);
}
