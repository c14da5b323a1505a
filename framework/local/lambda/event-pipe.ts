/** One environment's events over a pipe, for our own runtime client: events go out, answers come in; the cheap way around the Runtime API. */
import type { Duplex } from "node:stream";
import type { LambdaCall } from "./outcome.ts";
import { eventHeaders, maxPayload, type Posted } from "./runtime-api.ts";

/** What the client has said beside its answers, all together: an answer must not overtake it. */
export interface Said {
  /** Lines out of band. */
  readonly notes: number;
  /** Bytes on standard output and standard error. */
  readonly printed: number;
  /** Threads or processes of its own may be there, which its waiting for the next event does not hold up. */
  readonly others: boolean;
}

/** Told as it happens. */
export interface EventPipeEvents {
  /** The client waits for an event: init is over, or the last event done with. @param before milliseconds that it had run when it was told its function */
  onPoll(said: Said, before: number): void;
  onPosted(posted: Posted, said: Said): void;
  /** What came is no frame: the function wrote into it. */
  onBroken(): void;
}

/** Of a frame from the client: what it is, `Said`, the bytes that follow; 32 bits each, little endian. What it printed counts from the last frame. */
const head = 20;
const verbs = ["poll", "response", "error"] as const;

/**
 * To the client go frames of two lengths (32 bits each), the headers that the Runtime API would send as JSON, and the event. An answer
 * also asks for the next event. Held open as long as its process.
 */
export class EventPipe {
  readonly #pipe: Duplex;
  readonly #events: EventPipeEvents;
  #state: "silent" | "polling" | "running" = "silent";
  #received: Buffer[] = [];
  #bytes = 0;
  #printed = 0;

  constructor(pipe: Duplex, events: EventPipeEvents) {
    this.#pipe = pipe;
    this.#events = events;
    pipe.on("data", (part: Buffer) => this.#read(part));
    // The process is gone; its exit says so.
    pipe.on("error", () => {});
  }

  get polling(): boolean {
    return this.#state === "polling";
  }

  /** Only while `polling`. */
  deliver(event: Uint8Array, call: LambdaCall, deadline: number): void {
    this.#state = "running";
    const headers = JSON.stringify(Object.fromEntries(eventHeaders(call, deadline).map(([name, value]) => [name.toLowerCase(), value])));
    const length = Buffer.byteLength(headers);
    const frame = Buffer.allocUnsafe(8 + length + event.byteLength);
    frame.writeUInt32LE(length, 0);
    frame.writeUInt32LE(event.byteLength, 4);
    frame.write(headers, 8);
    frame.set(event, 8 + length);
    this.#pipe.write(frame);
  }

  #read(part: Buffer): void {
    this.#received.push(part);
    this.#bytes += part.length;
    if (this.#bytes < head) return;
    if (this.#received[0]!.length < head) this.#received = [Buffer.concat(this.#received)];
    const [first] = this.#received as [Buffer];
    const [verb, length] = [verbs[first.readUInt32LE(0)], first.readUInt32LE(16)];
    const expected = this.#state === "silent" ? verb === "poll" : this.#state === "running" && verb !== undefined && verb !== "poll";
    if (!expected || verb === undefined || this.#bytes > head + length) return this.#break();
    if (this.#bytes < head + length) return;
    const payload = (this.#received.length === 1 ? first : Buffer.concat(this.#received)).subarray(head);
    this.#received = [];
    this.#bytes = 0;
    this.#state = "polling";
    this.#printed += first.readUInt32LE(8);
    const said = { notes: first.readUInt32LE(4), printed: this.#printed, others: first.readUInt32LE(12) === 1 };
    if (verb !== "poll") {
      const isTooLarge = verb === "response" && length > maxPayload;
      this.#events.onPosted(isTooLarge ? { kind: "too-large", limit: maxPayload } : { kind: verb, payload }, said);
    }
    this.#events.onPoll(said, verb === "poll" ? Number(payload.toString()) : 0);
  }

  #break(): void {
    this.#pipe.removeAllListeners("data");
    this.#events.onBroken();
  }
}
