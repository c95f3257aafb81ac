/** Starts the labeler, as the environment says; README.md has the names. */

import { join } from "node:path";

import { Client } from "photocheck";

import { Labeler } from "./labeler.js";
import { labelServer } from "./server.js";
import { LabelStore } from "./store.js";

function setting(name: string, otherwise?: string): string {
  const value = process.env[name] ?? otherwise;
  if (value === undefined || value === "") {
    console.error(`${name} is not set`);
    process.exit(2);
  }
  return value;
}

const key = Buffer.from(setting("LABELER_KEY"), "hex");
if (key.length !== 32) {
  console.error("LABELER_KEY is not 64 hexadecimal digits");
  process.exit(2);
}
const folder = setting("LABELER_FOLDER", ".");
const did = setting("LABELER_DID");
const store = new LabelStore(join(folder, "labels.jsonl"));
const client = new Client(setting("PHOTOCHECK_URL"), { key: process.env["PHOTOCHECK_KEY"] });
const settings = {
  did,
  key,
  jetstream: setting("JETSTREAM_URL", "wss://jetstream2.us-east.bsky.network/subscribe"),
  plc: setting("PLC_URL", "https://plc.directory"),
  cursorFile: join(folder, "cursor"),
};
const stop = new AbortController();
const server = labelServer(did, store).listen(Number(setting("LABELER_PORT", "8082")));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort());
}
await new Labeler(settings, client, store).run(stop.signal);
server.close();
server.closeAllConnections();
store.close();
process.exit(0);
