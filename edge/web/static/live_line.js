// The live line of a page: while it is down the page says so, instead of showing old facts as new.
// A line that was cut without a word is known by its silence, for the box sends a `beat`.

const SILENCE_MS = 25_000;
const LISTEN_AGAIN_MS = 10_000;
let silence = 0;

function lineLives() {
  document.body.classList.remove("stale");
  awaitBeat();
}

function awaitBeat() {
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

// A stream of the box. A browser has six connections to it, and a stream keeps one: of the tabs that
// hear the same stream, those listen that are looked at, or the one that was last. A tab that comes
// into sight again is sent all that is so now, as after a cut.
const isInSight = () => document.visibilityState === "visible";

class Stream {
  onopen = null;
  onerror = null;
  #path;
  #heard = [];
  #source = null;
  #tabs;

  constructor(path) {
    this.#path = path;
    this.#tabs = new BroadcastChannel(path);
    this.#tabs.addEventListener("message", ({ data }) => {
      if (data === "listens" && !isInSight()) this.#rest();
      else if (data === "opens" && isInSight()) this.#tabs.postMessage("listens");
    });
    document.addEventListener("visibilitychange", this.#onSight);
    this.#listen();
    if (!isInSight()) this.#tabs.postMessage("opens");
  }

  get readyState() {
    return this.#source?.readyState ?? EventSource.CONNECTING;
  }

  addEventListener(name, hear) {
    if (this.#heard.some(([known, by]) => known === name && by === hear)) return;
    this.#heard.push([name, hear]);
    this.#source?.addEventListener(name, hear);
  }

  removeEventListener(name, hear) {
    this.#heard = this.#heard.filter(([known, by]) => known !== name || by !== hear);
    this.#source?.removeEventListener(name, hear);
  }

  close() {
    this.#source?.close();
    this.#tabs.close();
    document.removeEventListener("visibilitychange", this.#onSight);
  }

  #onSight = () => {
    if (isInSight()) this.#listen();
  };

  #listen() {
    if (isInSight()) this.#tabs.postMessage("listens");
    if (this.#source) return;
    awaitBeat();
    this.#source = new EventSource(this.#path);
    this.#source.onopen = (event) => this.onopen?.(event);
    this.#source.onerror = (event) => {
      // Whoever listens opens another one then.
      if (this.readyState === EventSource.CLOSED) this.close();
      this.onerror?.(event);
    };
    for (const [name, hear] of this.#heard) this.#source.addEventListener(name, hear);
  }

  #rest() {
    this.#source?.close();
    this.#source = null;
    clearTimeout(silence);
  }
}

if (window.htmx) htmx.createEventSource = (path) => new Stream(path);

// Hears a stream without htmx: `heard` is {name of the event: what is done with it}.
function listen(path, heard) {
  const source = new Stream(path);
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
