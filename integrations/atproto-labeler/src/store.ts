/**
 * The labels that were made, each with its number, in a file that is only added to: a line a label, on
 * the disk before anybody hears of it.
 */

import { EventEmitter } from "node:events";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from "node:fs";

import type { Label, LabelValue, SignedLabel } from "./labels.js";

export interface Numbered {
  seq: number;
  label: SignedLabel;
}

export class LabelStore extends EventEmitter<{ added: [Numbered] }> {
  readonly #labels: Numbered[] = [];
  readonly #latest = new Map<string, Numbered>();
  readonly #file: number;

  constructor(path: string) {
    super();
    // One listener for each subscriber.
    this.setMaxListeners(0);
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) {
      // A line that a power failure cut off is no label: nobody heard of it.
      truncateSync(path, Buffer.byteLength(whole));
    }
    for (const line of whole.split("\n").filter(Boolean)) {
      const { sig, ...label } = JSON.parse(line) as Label & { sig: string };
      this.#take({ ...label, sig: new Uint8Array(Buffer.from(sig, "base64")) });
    }
    this.#file = openSync(path, "a");
  }

  /** The number of the last label; 0 when there is none. */
  get last(): number {
    return this.#labels.length;
  }

  add(label: SignedLabel): void {
    const line = { ...label, sig: Buffer.from(label.sig).toString("base64") };
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.#file);
    this.emit("added", this.#take(label));
  }

  /** The labels that hold of a record. */
  valuesOf(uri: string): Map<LabelValue, Label> {
    const found = this.current().filter(({ label }) => label.uri === uri);
    return new Map(found.map(({ label }) => [label.val, label]));
  }

  /** The labels that hold, in order. */
  current(): Numbered[] {
    const latest = [...this.#latest.values()].filter(({ label }) => !label.neg);
    return latest.sort((a, b) => a.seq - b.seq);
  }

  /** From this number on, without labels that were taken back; what took them back is there. */
  from(seq: number): Numbered[] {
    return this.#labels.filter((numbered) => {
      const latest = this.#latest.get(nameOf(numbered.label));
      return seq <= numbered.seq && (numbered === latest || !latest?.label.neg);
    });
  }

  close(): void {
    closeSync(this.#file);
  }

  #take(label: SignedLabel): Numbered {
    const numbered = { seq: this.#labels.length + 1, label };
    this.#labels.push(numbered);
    this.#latest.set(nameOf(label), numbered);
    return numbered;
  }
}

/** By source, subject and value a label is told from others. */
function nameOf({ src, uri, val }: Label): string {
  return `${src} ${uri} ${val}`;
}
