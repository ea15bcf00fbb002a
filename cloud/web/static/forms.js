// A form is sent once: a button that is pressed twice asks for one thing. Who breaks a request off
// may send it again in a moment.
"use strict";

const SENT_MS = 3000;
const sentAt = new WeakMap();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (event.timeStamp - (sentAt.get(form) ?? -SENT_MS) < SENT_MS) event.preventDefault();
  else sentAt.set(form, event.timeStamp);
});
