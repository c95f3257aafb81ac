/**
 * A stand-in for the network: Jetstream, which replays messages of the form that its documentation has,
 * the directory of `did:plc`, and the server that keeps the pictures of all accounts.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { WebSocketServer, type WebSocket } from "ws";

export interface Network {
  url: string;
  jetstream: string;
  /** What subscribers asked for. */
  asked: URLSearchParams[];
  /** Sends to whoever subscribes, now and later. */
  send: (...messages: object[]) => void;
  /** Breaks all streams off. */
  breakOff: () => void;
  close: () => void;
}

export async function startNetwork(pictures: { [cid: string]: Buffer }): Promise<Network> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://network.invalid");
    if (pathname.startsWith("/did:plc:")) {
      const id = pathname.slice(1);
      const pds = "AtprotoPersonalDataServer";
      const service = [{ id: "#atproto_pds", type: pds, serviceEndpoint: url }];
      response.end(JSON.stringify({ id, service }));
      return;
    }
    const picture = pictures[searchParams.get("cid") ?? ""];
    if (pathname === "/xrpc/com.atproto.sync.getBlob" && picture !== undefined) {
      response.end(picture);
      return;
    }
    response.writeHead(400).end('{"error":"BlobNotFound","message":"Blob not found"}');
  });
  const sockets = new WebSocketServer({ server });
  const asked: URLSearchParams[] = [];
  const messages: { time_us?: number }[] = [];
  const deliver = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message));
  sockets.on("connection", (socket, request) => {
    const query = new URL(request.url ?? "/", "http://network.invalid").searchParams;
    asked.push(query);
    const cursor = Number(query.get("cursor") ?? 0);
    // Playback begins with the cursor itself.
    for (const message of messages.filter(({ time_us }) => cursor <= (time_us ?? 0))) {
      deliver(socket, message);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    jetstream: `ws://127.0.0.1:${port}/subscribe`,
    asked,
    send: (...more) => {
      messages.push(...more);
      for (const socket of sockets.clients) {
        more.forEach((message) => deliver(socket, message));
      }
    },
    breakOff: () => sockets.clients.forEach((socket) => socket.terminate()),
    close: () => {
      sockets.clients.forEach((socket) => socket.terminate());
      server.closeAllConnections();
      server.close();
    },
  };
}
