/** What a labeler answers: `queryLabels` and the stream `subscribeLabels`. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { encode } from "@ipld/dag-cbor";
import { WebSocketServer, type WebSocket } from "ws";

import { toJson } from "./labels.js";
import type { LabelStore, Numbered } from "./store.js";

const QUERY = "/xrpc/com.atproto.label.queryLabels";
const SUBSCRIBE = "/xrpc/com.atproto.label.subscribeLabels";

const BASE = "http://labeler.invalid";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 250;
const PATTERNS_MAX = 100;

/** Bytes that wait for a subscriber who does not read. */
const BEHIND_BYTES_MAX = 4 * 1024 * 1024;

export function labelServer(did: string, store: LabelStore): Server {
  const server = createServer((request, response) => {
    const url = addressOf(request);
    if (url === undefined) {
      return answer(response, 400, wrong("InvalidRequest", "the address is not one"));
    }
    if (url.pathname !== QUERY || request.method !== "GET") {
      return answer(response, 501, wrong("MethodNotImplemented", "there is only queryLabels"));
    }
    return answer(response, ...query(did, store, url.searchParams));
  });
  const subscribers = new WebSocketServer({ noServer: true, maxPayload: 1024 });
  server.on("upgrade", (request, socket, head) => {
    // Node leaves the socket to us, also when it breaks.
    socket.on("error", () => socket.destroy());
    const url = addressOf(request);
    if (url === undefined) {
      socket.destroy();
      return;
    }
    if (url.pathname !== SUBSCRIBE) {
      socket.end("HTTP/1.1 501 Not Implemented\r\nconnection: close\r\n\r\n");
      return;
    }
    subscribers.handleUpgrade(request, socket, head, (subscriber) => {
      subscribe(subscriber, store, url.searchParams.get("cursor"));
    });
  });
  server.on("close", () => subscribers.close());
  return server;
}

/** Nothing where somebody sends what is no address, as `//`. */
function addressOf({ url = "/" }: IncomingMessage): URL | undefined {
  return URL.canParse(url, BASE) ? new URL(url, BASE) : undefined;
}

function query(did: string, store: LabelStore, asked: URLSearchParams): [number, object] {
  const patterns = asked.getAll("uriPatterns");
  const sources = asked.getAll("sources");
  const limit = Number(asked.get("limit") ?? LIMIT_DEFAULT);
  const after = Number(asked.get("cursor") ?? 0);
  if (patterns.length === 0 || PATTERNS_MAX < patterns.length) {
    return [400, wrong("InvalidRequest", `uriPatterns has 1 to ${PATTERNS_MAX} entries`)];
  }
  if (!Number.isInteger(limit) || limit < 1 || LIMIT_MAX < limit) {
    return [400, wrong("InvalidRequest", `limit is a number from 1 to ${LIMIT_MAX}`)];
  }
  if (!Number.isSafeInteger(after) || after < 0) {
    return [400, wrong("InvalidRequest", "cursor is none that was answered before")];
  }
  const isAsked = ({ seq, label }: Numbered) =>
    after < seq &&
    patterns.some((pattern) => matches(pattern, label.uri)) &&
    (sources.length === 0 || sources.includes(did));
  const found = store.current().filter(isAsked).slice(0, limit);
  const cursor = found.length === limit ? { cursor: String(found.at(-1)?.seq) } : {};
  return [200, { ...cursor, labels: found.map(({ label }) => toJson(label)) }];
}

/** A whole address, or its beginning and `*`. */
function matches(pattern: string, uri: string): boolean {
  return pattern.endsWith("*") ? uri.startsWith(pattern.slice(0, -1)) : uri === pattern;
}

function subscribe(subscriber: WebSocket, store: LabelStore, cursor: string | null): void {
  const from = cursor === null ? store.last + 1 : Number(cursor);
  if (!Number.isSafeInteger(from) || from < 0) {
    return refuse(subscriber, "InvalidRequest", "cursor is no number");
  }
  if (cursor !== null && store.last < from) {
    return refuse(subscriber, "FutureCursor", `the last label is ${store.last}`);
  }
  const send = ({ seq, label }: Numbered) => {
    if (BEHIND_BYTES_MAX < subscriber.bufferedAmount) {
      store.off("added", send);
      return refuse(subscriber, "ConsumerTooSlow", "labels were not read in time");
    }
    subscriber.send(frame({ op: 1, t: "#labels" }, { seq, labels: [label] }));
  };
  store.from(from).forEach(send);
  store.on("added", send);
  subscriber.on("close", () => store.off("added", send));
  subscriber.on("error", () => subscriber.terminate());
}

function refuse(subscriber: WebSocket, error: string, message: string): void {
  subscriber.send(frame({ op: -1 }, { error, message }));
  subscriber.close();
}

/** A header and a payload, one after the other. */
function frame(header: object, payload: object): Uint8Array {
  return Buffer.concat([encode(header), encode(payload)]);
}

function wrong(error: string, message: string): object {
  return { error, message };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
