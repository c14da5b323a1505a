/** Tail sessions of scripts, and the trace items that they send to their WebSocket clients. */
import { randomBytes, randomUUID } from "node:crypto";
import type { TraceFilter, TraceItem } from "./tail-filters.ts";

/** A client that receives the items of a session, over a WebSocket of the control port. */
export interface TailClient {
  send(text: string): void;
  close(): void;
}

/** A session, which `POST …/tails` starts. */
export interface TailSession {
  readonly id: string;
  readonly script: string;
  /** Part of its URL, which is all that a client needs to connect. */
  readonly token: string;
  /** Epoch ms. */
  readonly expires: number;
  readonly filter: TraceFilter;
}

/** Milliseconds that a session lasts: six hours, as on Cloudflare. */
const lifetime = 6 * 60 * 60 * 1000;

/** Most sessions of one script (docs: real-time logs). */
const maxSessions = 10;

/** A class, since it holds connections. Sessions end with the process. */
export class TailSessions {
  readonly #sessions = new Map<string, TailSession & { client?: TailClient }>();

  /** Undefined when the script already has ten sessions. */
  open(script: string, filter: TraceFilter, now: number): TailSession | undefined {
    this.#expire(now);
    if (this.of(script).length >= maxSessions) return undefined;
    const session = {
      id: randomUUID().replaceAll("-", ""),
      script,
      token: randomBytes(24).toString("hex"),
      expires: now + lifetime,
      filter,
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  of(script: string): readonly TailSession[] {
    return [...this.#sessions.values()].filter((session) => session.script === script);
  }

  find(id: string, now: number): TailSession | undefined {
    this.#expire(now);
    return this.#sessions.get(id);
  }

  /** Returns a function to be called when the client has disconnected; undefined when there is no such session. */
  connect(id: string, client: TailClient, now: number): (() => void) | undefined {
    this.#expire(now);
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    session.client?.close();
    session.client = client;
    return () => {
      if (session.client === client) delete session.client;
    };
  }

  /** Sends items to the clients whose filters they pass. */
  publish(script: string, items: readonly TraceItem[]): void {
    for (const session of this.#sessions.values()) {
      if (session.script !== script || !session.client) continue;
      for (const item of items) if (session.filter(item)) session.client.send(JSON.stringify(item));
    }
  }

  end(id: string): boolean {
    this.#sessions.get(id)?.client?.close();
    return this.#sessions.delete(id);
  }

  #expire(now: number): void {
    for (const { id, expires } of this.#sessions.values()) if (now >= expires) this.end(id);
  }

  close(): void {
    for (const id of this.#sessions.keys()) this.end(id);
  }
}
