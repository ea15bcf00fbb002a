// Small comforts of the set-up pages; every step works without them.
//
// data-append="pin=3"        a button that writes behind a field of its form; "pin=" takes one away
// data-key="Escape"          this link is followed by that key
// data-events="/path"        its events bring the regions of their names, `devices` and `card`
// data-counter-at="/"        waits until the counter answers, then goes there
// data-started-before="x"    ... the counter of another start than this one

document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-append]");
  if (!control) return;
  const [name, sign] = control.dataset.append.split("=");
  const field = control.closest("form").elements[name];
  field.value = sign ? field.value + sign : field.value.slice(0, -1);
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.key !== "Escape") return;
  document.querySelector('[data-key="Escape"]')?.click();
});

// A form is sent once; its button waits with the person. A page that comes back by the browser's
// own «back» is ready again.
document.addEventListener("submit", (event) => {
  if (event.target.classList.contains("htmx-request")) {
    event.preventDefault();
    return;
  }
  const button = event.submitter ?? event.target.querySelector("[type=submit]");
  event.target.classList.add("htmx-request");
  button?.classList.add("sending");
  button?.querySelector(".waiting")?.classList.add("shown");
  requestAnimationFrame(() => button && (button.disabled = true));
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form.htmx-request")) form.classList.remove("htmx-request");
  for (const button of document.querySelectorAll("button.sending")) {
    button.disabled = false;
    button.classList.remove("sending");
    button.querySelector(".waiting")?.classList.remove("shown");
  }
});

for (const page of document.querySelectorAll("[data-events]")) {
  const source = new EventSource(page.dataset.events);
  for (const name of ["devices", "card"]) {
    const region = document.getElementById(name);
    if (!region) continue;
    source.addEventListener(name, (event) => {
      // Only what is new is read out.
      const next = event.data.trim();
      if (region.dataset.shown !== next) region.innerHTML = next;
      region.dataset.shown = next;
    });
  }
}

const ASK_EVERY_MS = 500;

async function counterAnswers(before) {
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    const values = await answer.json();
    return !values.setting_up && (!before || answer.headers.get("Box-Start") !== before);
  } catch {
    return false; // between the two services nobody listens
  }
}

async function goToCounter(path, before) {
  if (await counterAnswers(before)) location.assign(path);
  else setTimeout(goToCounter, ASK_EVERY_MS, path, before);
}

for (const page of document.querySelectorAll("[data-counter-at]")) {
  goToCounter(page.dataset.counterAt, page.dataset.startedBefore);
}
