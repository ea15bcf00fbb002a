// Keys of the conflict inbox: J and K walk the cases, 1 to 4 choose, Enter in the reason settles.
"use strict";

const cases = [...document.querySelectorAll("article.case")];
let chosen = null;

function current() {
  return cases.find((one) => one.contains(document.activeElement)) || null;
}

function walk(step) {
  const at = cases.indexOf(current());
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), cases.length - 1);
  cases[next].focus();
  cases[next].scrollIntoView({ block: "start" });
}

function choose(number) {
  const found = current() || cases[0];
  const button = found.querySelectorAll("button[name=choice]")[number - 1];
  if (!button) return;
  if (chosen) chosen.removeAttribute("aria-pressed");
  chosen = button;
  chosen.setAttribute("aria-pressed", "true");
  found.querySelector("input[name=note]").focus();
}

document.addEventListener("keydown", (event) => {
  if (!cases.length || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const note = event.target.closest && event.target.closest("input[name=note]");
  if (note) {
    if (event.key === "Escape") current().focus();
    if (event.key === "Enter") {
      event.preventDefault();
      if (chosen && chosen.form === note.form) chosen.click();
    }
    return;
  }
  if (event.target.closest("input, select, textarea")) return;
  if (event.key === "j" || event.key === "k") walk(event.key === "j" ? 1 : -1);
  else if (/^[1-4]$/.test(event.key)) choose(Number(event.key));
  else return;
  event.preventDefault();
});
