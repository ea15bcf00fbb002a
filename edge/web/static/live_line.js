// The live line of a page: while it is down the page says so, instead of showing old facts as new.
// A line that was cut without a word is known by its silence, for the box sends a `beat`.

const SILENCE_MS = 25_000;
const LISTEN_AGAIN_MS = 10_000;
let silence = 0;

function lineLives() {
  document.body.classList.remove("stale");
  clearTimeout(silence);
  silence = setTimeout(lineIsDown, SILENCE_MS);
}

function lineIsDown() {
  document.body.classList.add("stale");
}

function watchLine(source) {
  source.addEventListener("open", lineLives);
  source.addEventListener("beat", lineLives);
  source.addEventListener("error", lineIsDown);
}

// Hears a stream without htmx: `heard` is {name of the event: what is done with it}.
function listen(path, heard) {
  const source = new EventSource(path);
  watchLine(source);
  for (const [name, hear] of Object.entries(heard)) {
    source.addEventListener(name, hear);
    source.addEventListener(name, lineLives);
  }
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, LISTEN_AGAIN_MS, path, heard);
  });
}

document.addEventListener("htmx:sseOpen", (event) => {
  lineLives();
  watchLine(event.detail.source);
});
document.addEventListener("htmx:sseMessage", lineLives);
document.addEventListener("htmx:sseError", lineIsDown);
silence = setTimeout(lineIsDown, SILENCE_MS);
