/** Reads what changes, has avatars checked, and labels those that call for it. */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import { ProblemError, type Client } from "photocheck";
import WebSocket, { createWebSocketStream } from "ws";

import { sign, valuesFor, type Label, type LabelValue } from "./labels.js";
import { avatarUrl, readProfile, subscription, type Message, type Profile } from "./profiles.js";
import type { LabelStore } from "./store.js";

export interface Settings {
  /** The identity of the labeler, and its key for `#atproto_label`: 32 bytes. */
  did: string;
  key: Uint8Array;
  /** Addresses of Jetstream's `/subscribe` and of the directory of `did:plc`. */
  jetstream: string;
  plc: string;
  /** Where it is written up to which message all is done. */
  cursorFile: string;
}

/** Bytes of one message. */
const MESSAGE_BYTES_MAX = 1024 * 1024;

const PAUSE_FIRST_MS = 500;
const PAUSE_MAX_MS = 30_000;

export class Labeler {
  readonly #settings: Settings;
  readonly #client: Client;
  readonly #store: LabelStore;
  #lastMs = 0;

  constructor(settings: Settings, client: Client, store: LabelStore) {
    this.#settings = settings;
    this.#client = client;
    this.#store = store;
  }

  /** Follows the stream, again and again from where all is done, until the signal. */
  async run(stop: AbortSignal): Promise<void> {
    for (let pauseMs = PAUSE_FIRST_MS; !stop.aborted;) {
      const before = this.#cursor();
      await this.#follow(stop).catch((error: unknown) => say("the stream ended", error));
      // Only what gets nowhere waits longer and longer.
      pauseMs = this.#cursor() === before ? Math.min(pauseMs * 2, PAUSE_MAX_MS) : PAUSE_FIRST_MS;
      await pause(pauseMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  async #follow(stop: AbortSignal): Promise<void> {
    const url = subscription(this.#settings.jetstream, this.#cursor());
    const socket = new WebSocket(url, { maxPayload: MESSAGE_BYTES_MAX });
    const end = () => socket.terminate();
    stop.addEventListener("abort", end);
    try {
      // Before it is open, so that no message is missed. One after the other: the stream waits while
      // a photo is checked.
      const stream = createWebSocketStream(socket, { readableObjectMode: true });
      for await (const data of stream) {
        await this.#take(JSON.parse(String(data)) as Message);
      }
    } finally {
      stop.removeEventListener("abort", end);
      socket.terminate();
    }
  }

  async #take(message: Message): Promise<void> {
    const profile = readProfile(message);
    if (profile !== undefined) {
      await this.#label(profile);
    }
    if (Number.isSafeInteger(message.time_us)) {
      const { cursorFile } = this.#settings;
      writeFileSync(`${cursorFile}.new`, String(message.time_us));
      renameSync(`${cursorFile}.new`, cursorFile);
    }
  }

  async #label({ did, cid, avatar }: Profile): Promise<void> {
    const uri = `at://${did}/app.bsky.actor.profile/self`;
    const wanted = avatar === undefined ? [] : await this.#check(did, avatar);
    if (wanted === undefined) {
      return;
    }
    const had = this.#store.valuesOf(uri);
    for (const val of had.keys()) {
      if (!wanted.includes(val)) {
        this.#add({ uri, cid, val, neg: true });
      }
    }
    for (const val of wanted) {
      if (had.get(val)?.cid !== cid) {
        this.#add({ uri, cid, val });
      }
    }
  }

  /** What a picture is to be labelled; `undefined` where nothing can be said of it. */
  async #check(did: string, avatar: string): Promise<LabelValue[] | undefined> {
    let url: string;
    try {
      url = await avatarUrl(this.#settings.plc, did, avatar);
    } catch (error) {
      say(`no address of the avatar of ${did}`, error);
      return undefined;
    }
    try {
      return valuesFor(await this.#client.check({ url }));
    } catch (error) {
      // The picture is at fault; anything else ends the stream, which goes on from here later.
      const ofPhoto = ["PHOTO_", "URL_NOT_"];
      if (error instanceof ProblemError && ofPhoto.some((start) => error.code.startsWith(start))) {
        say(`the avatar of ${did} was not checked`, error);
        return undefined;
      }
      throw error;
    }
  }

  #add(what: Pick<Label, "uri" | "cid" | "val" | "neg">): void {
    // What takes a label back is later than it.
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 1);
    const cts = new Date(this.#lastMs).toISOString();
    const { did, key } = this.#settings;
    this.#store.add(sign({ ver: 1, src: did, ...what, cts }, key));
  }

  #cursor(): number | undefined {
    const { cursorFile } = this.#settings;
    return existsSync(cursorFile) ? Number(readFileSync(cursorFile, "utf8")) : undefined;
  }
}

function say(what: string, error: unknown): void {
  console.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
}
