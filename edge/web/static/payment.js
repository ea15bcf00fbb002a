// A payment whose ticket changed beneath it, by a scan or at another window: it is drawn anew with
// what is due now, and what was typed stays. So it is when it is asked for once more.

const paymentForm = () => document.querySelector('#work form[action="/desk/pay"]');
let typedPayment = [];

document.addEventListener("htmx:sseMessage", (event) => {
  if (event.target.id !== "ticket-now") return;
  const due = event.target.querySelector("[data-due-fen]").dataset.dueFen;
  const isEmpty = !event.target.querySelector("[data-sku]");
  event.target.replaceChildren();
  if (commands > 0 || due === paymentForm()?.elements.expected_total_fen.value) return;
  htmx.ajax("GET", isEmpty ? "/show/ticket" : "/show/pay", "#work");
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.verb === "get" && paymentForm();
  const isTyped = ([name]) => form.elements[name].type !== "hidden" && form.elements[name].type !== "password";
  typedPayment = form ? [...new FormData(form)].filter(isTyped) : [];
});

document.addEventListener("htmx:afterSwap", () => {
  const form = paymentForm();
  for (const [name, value] of form ? typedPayment : []) {
    const field = form.elements[name];
    if (!field || field.value === value) continue;
    field.value = value;
    if (field.closest?.("details")) field.closest("details").open = true;
    field.dispatchEvent?.(new Event("input", { bubbles: true }));
  }
  typedPayment = [];
});
