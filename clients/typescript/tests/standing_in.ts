/** A small server that answers what a test says, and keeps what it was sent. */

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  status: number;
  body?: string;
  headers?: { [name: string]: string };
}

export interface Arrived {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface StandIn {
  url: string;
  arrived: Arrived[];
  /** The first that arrives; waits for it. */
  next: () => Promise<Arrived>;
  close: () => Promise<void>;
}

/** Answers with these in turn, then with 204. */
export async function standingIn(answers: Answer[]): Promise<StandIn> {
  const arrived: Arrived[] = [];
  let tell: () => void;
  const came = new Promise<void>((resolve) => (tell = resolve));
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) {
      pieces.push(piece as Buffer);
    }
    const { method = "", url = "", headers } = request;
    arrived.push({ method, path: url, headers, body: Buffer.concat(pieces).toString() });
    tell();
    const answer = answers.shift() ?? { status: 204 };
    response.writeHead(answer.status, { connection: "close", ...answer.headers });
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    arrived,
    next: async () => {
      await came;
      return arrived[0]!;
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
