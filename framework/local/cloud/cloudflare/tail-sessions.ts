/** Tails: a script's trace items in, JSON messages to every open WebSocket of that script out. */
import { randomBytes, randomUUID } from "node:crypto";
import type { TraceFilter, TraceItem } from "./tail-filters.ts";

/** What a session sends through; the WebSocket of the control port is one. */
export interface TailClient {
  send(text: string): void;
  close(): void;
}

/** One `POST …/tails`. */
export interface TailSession {
  readonly id: string;
  readonly script: string;
  /** Part of its URL: who has it may listen. */
  readonly token: string;
  /** Epoch ms. */
  readonly expires: number;
  readonly wants: TraceFilter;
}

/** Cloudflare's tails live for six hours. */
const lifetime = 6 * 60 * 60 * 1000;

/** Most listeners of one script (docs: real-time logs). */
const maxSessions = 10;

/** A class, since it holds connections; tails do not outlive the process, as connections do not. */
export class TailSessions {
  readonly #sessions = new Map<string, TailSession & { client?: TailClient }>();

  /** Undefined when the script has ten already. */
  open(script: string, wants: TraceFilter, now: number): TailSession | undefined {
    this.#expire(now);
    if (this.of(script).length >= maxSessions) return undefined;
    const session = {
      id: randomUUID().replaceAll("-", ""),
      script,
      token: randomBytes(24).toString("hex"),
      expires: now + lifetime,
      wants,
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

  /** Undefined when no such session waits; else what to call when the client has left. */
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

  /** Hands items to whoever listens for them. */
  publish(script: string, items: readonly TraceItem[]): void {
    for (const session of this.#sessions.values()) {
      if (session.script !== script || !session.client) continue;
      for (const item of items) if (session.wants(item)) session.client.send(JSON.stringify(item));
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
