// PouchDB's part of the drain benchmark: `node peer.js hub DIR` serves an express-pouchdb hub;
// `node peer.js boxes DIR HUB_URL WORKLOAD.json` writes the workload into one box without a line,
// replicates it to the hub, then to a second box, and prints {write_s, up_s, down_s, documents}.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const PouchDB = require("pouchdb");

const BATCH = 1000;

function hub(directory) {
  const app = require("express")();
  const Hub = PouchDB.defaults({ prefix: directory + path.sep });
  const inMemoryConfig = { inMemoryConfig: true, logPath: path.join(directory, "log.txt") };
  app.use("/", require("express-pouchdb")(Hub, { mode: "minimumForPouchDB", ...inMemoryConfig }));
  const server = app.listen(0, "127.0.0.1", () => {
    process.stdout.write(JSON.stringify({ port: server.address().port }) + "\n");
  });
}

async function write(box, workload) {
  const revisions = new Map();
  for (let start = 0; start < workload.length; start += BATCH) {
    // A batch may name a record twice: PouchDB takes one revision of it at a time.
    let waiting = workload.slice(start, start + BATCH);
    while (waiting.length) {
      const seen = new Set();
      const later = [];
      const now = [];
      for (const [key, fields] of waiting) {
        if (seen.has(key)) { later.push([key, fields]); continue; }
        seen.add(key);
        now.push({ _id: key, _rev: revisions.get(key), ...fields });
      }
      for (const answer of await box.bulkDocs(now)) {
        if (answer.error) throw new Error(JSON.stringify(answer));
        revisions.set(answer.id, answer.rev);
      }
      waiting = later;
    }
  }
}

async function timed(work) {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

async function boxes(directory, hubUrl, workloadFile) {
  const workload = JSON.parse(fs.readFileSync(workloadFile, "utf8"));
  const first = new PouchDB(path.join(directory, "first"));
  const second = new PouchDB(path.join(directory, "second"));
  const far = hubUrl + "/chain";
  await new PouchDB(far).info();
  const write_s = await timed(() => write(first, workload));
  const options = { batch_size: BATCH };
  const up_s = await timed(() => first.replicate.to(far, options));
  const down_s = await timed(() => second.replicate.from(far, options));
  const documents = (await second.info()).doc_count;
  process.stdout.write(JSON.stringify({ write_s, up_s, down_s, documents }) + "\n");
  await first.close();
  await second.close();
}

const [role, directory, ...rest] = process.argv.slice(2);
fs.mkdirSync(directory, { recursive: true });
if (role === "hub") hub(directory);
else boxes(directory, ...rest).catch((error) => { console.error(error); process.exit(1); });
