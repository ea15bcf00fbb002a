// Finding a product in a list by keyboard alone.
//
// data-filter   this field shows those beside it whose data-words hold what is typed: `|` parts a
//               product's code, barcode, initials and names. What fits best is chosen, the arrows
//               choose another, Enter takes it: its button is pressed, else its own field entered.
// data-filter-by="饮料"   a button that writes a word into that field

const CHOSEN = "chosen";
const listed = (field) => [...field.closest("section, fieldset, .card").querySelectorAll("[data-words]")];
const showsItem = (item) => !item.hidden;

// 0 fits wholly, 1 begins so, 2 holds it, 3 does not fit.
function misfit(item, typed) {
  const words = item.dataset.words.toLowerCase().split("|");
  if (words.includes(typed)) return 0;
  if (words.some((word) => word.startsWith(typed))) return 1;
  return words.some((word) => word.includes(typed)) ? 2 : 3;
}

function choose(items, chosen) {
  for (const item of items) item.classList.toggle(CHOSEN, item === chosen);
  chosen?.scrollIntoView({ block: "nearest" });
}

function take(item) {
  const button = item.querySelector("button");
  if (button) button.click();
  else item.querySelector("input")?.focus();
}

document.addEventListener("input", ({ target }) => {
  if (target.dataset.filter === undefined) return;
  const typed = target.value.trim().toLowerCase();
  const items = listed(target);
  let best = null;
  let least = 3;
  for (const item of items) {
    const fits = misfit(item, typed);
    item.hidden = fits === 3 && !item.querySelector("input.figure")?.value;
    if (fits < least) [best, least] = [item, fits];
  }
  choose(items, typed ? best : null);
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (field.dataset?.filter === undefined || event.isComposing) return;
  if (!["Enter", "ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  const items = listed(field).filter(showsItem);
  const at = items.findIndex((item) => item.classList.contains(CHOSEN));
  if (event.key === "ArrowDown") choose(items, items[Math.min(at + 1, items.length - 1)]);
  else if (event.key === "ArrowUp") choose(items, items[Math.max(at - 1, 0)]);
  else if (at >= 0) take(items[at]);
  else if (!field.value.trim()) pressKey("Enter");
});

document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-filter-by]");
  if (!control) return;
  const field = document.getElementById("product-filter");
  field.value = control.dataset.filterBy;
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
