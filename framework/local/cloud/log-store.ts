/** Log events on disk: one file of JSON lines per stream, appended to; the oldest go when there are too many. */
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Bytes of a stream's file, over which its older half goes; bytes and streams of a group, over which its longest silent streams go. */
const maxStream = 8 * 1024 * 1024;
const maxGroup = 64 * 1024 * 1024;
const maxStreams = 1000;
const schemaVersion = 1;

/** What is put in. Times are epoch ms. */
export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

/** What comes out. */
export interface StoredEvent extends LogEvent {
  readonly ingested: number;
  /** Unique in the store, growing as events come in. */
  readonly number: number;
}

/** A stream, its events aside. */
export interface LogStream {
  readonly name: string;
  readonly created: number;
  readonly first?: number;
  readonly last?: number;
  readonly ingested?: number;
  readonly bytes: number;
}

interface Open extends LogStream {
  readonly group: string;
  readonly file: string;
}

/** A class, since it is the folder held open. What `append` was given is on disk when it returns. */
export class LogStore {
  readonly #folder: string;
  readonly #groups = new Map<string, Map<string, Open>>();
  /** Bytes of each group. */
  readonly #sizes = new Map<string, number>();
  #next = 1;

  constructor(folder: string) {
    this.#folder = join(folder, "logs");
    mkdirSync(this.#folder, { recursive: true });
    for (const name of readdirSync(this.#folder)) this.#load(join(this.#folder, name));
  }

  /** Of one group, by name. */
  streams(group: string): readonly LogStream[] {
    return [...(this.#groups.get(group)?.values() ?? [])].toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  stream(group: string, stream: string): LogStream | undefined {
    return this.#groups.get(group)?.get(stream);
  }

  create(group: string, name: string, created: number): void {
    const file = join(this.#folder, `${createHash("sha256").update(`${group}\n${name}`).digest("hex")}.jsonl`);
    const head = `${JSON.stringify({ schemaVersion, group, name, created })}\n`;
    writeFileSync(file, head, { mode: 0o600 });
    this.#put({ group, file, name, created, bytes: Buffer.byteLength(head) });
    this.#trim(group, name);
  }

  /** Only to a stream that is there. */
  append(group: string, stream: string, events: readonly LogEvent[], ingested: number): void {
    const open = this.#groups.get(group)?.get(stream);
    const [first] = events;
    if (!open || !first) return;
    const lines = events.map(({ timestamp, message }) => `${JSON.stringify([this.#next++, timestamp, ingested, message])}\n`).join("");
    appendFileSync(open.file, lines);
    const bytes = open.bytes + Buffer.byteLength(lines);
    const last = events.reduce((latest, { timestamp }) => Math.max(latest, timestamp), open.last ?? 0);
    const next = { ...open, first: open.first ?? first.timestamp, last, ingested, bytes };
    this.#put(bytes > maxStream ? this.#halve(next) : next);
    this.#trim(group, stream);
  }

  /** Every event of a stream, in the order of their timestamps. */
  read(group: string, stream: string): readonly StoredEvent[] {
    const open = this.#groups.get(group)?.get(stream);
    return open ? eventsOf(readFileSync(open.file, "utf8")).toSorted(byTime) : [];
  }

  remove(group: string, stream: string): void {
    const open = this.#groups.get(group)?.get(stream);
    if (!open) return;
    rmSync(open.file, { force: true });
    this.#groups.get(group)?.delete(stream);
    this.#sizes.set(group, (this.#sizes.get(group) ?? 0) - open.bytes);
  }

  removeGroup(group: string): void {
    for (const { name } of this.streams(group)) this.remove(group, name);
    this.#groups.delete(group);
    this.#sizes.delete(group);
  }

  /** Groups that have streams. */
  groups(): readonly string[] {
    return [...this.#groups.keys()];
  }

  #put(open: Open): void {
    const streams = this.#groups.get(open.group) ?? new Map<string, Open>();
    const before = streams.get(open.name)?.bytes ?? 0;
    this.#sizes.set(open.group, (this.#sizes.get(open.group) ?? 0) + open.bytes - before);
    streams.set(open.name, open);
    this.#groups.set(open.group, streams);
  }

  #load(file: string): void {
    if (!file.endsWith(".jsonl")) return rmSync(file, { force: true });
    const text = readFileSync(file, "utf8");
    // A kill may leave half a line behind; nobody was told that it is there.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
    const [line = ""] = whole.split("\n", 1);
    const head = line === "" ? {} : (JSON.parse(line) as { schemaVersion?: number; group?: string; name?: string; created?: number });
    const { group, name, created } = head;
    if (head.schemaVersion !== schemaVersion || group === undefined || name === undefined || created === undefined)
      return rmSync(file, { force: true });
    const events = eventsOf(whole);
    for (const { number } of events) this.#next = Math.max(this.#next, number + 1);
    this.#put({ group, name, created, file, bytes: Buffer.byteLength(whole), ...spanOf(events) });
  }

  /** The newer half stays. */
  #halve(open: Open): Open {
    const text = readFileSync(open.file, "utf8");
    const [head = ""] = text.split("\n", 1);
    const events = eventsOf(text);
    const kept = events.slice(Math.floor(events.length / 2));
    const lines = kept.map(({ number, timestamp, ingested, message }) => JSON.stringify([number, timestamp, ingested, message]));
    const whole = `${[head, ...lines].join("\n")}\n`;
    writeFileSync(`${open.file}.tmp`, whole, { mode: 0o600 });
    renameSync(`${open.file}.tmp`, open.file);
    return { ...open, bytes: Buffer.byteLength(whole), ...spanOf(kept) };
  }

  #trim(group: string, keep: string): void {
    const isFull = (): boolean => (this.#sizes.get(group) ?? 0) > maxGroup || (this.#groups.get(group)?.size ?? 0) > maxStreams;
    if (!isFull()) return;
    const since = ({ ingested, created }: LogStream): number => ingested ?? created;
    for (const { name } of this.streams(group).toSorted((left, right) => since(left) - since(right))) {
      if (!isFull()) return;
      if (name !== keep) this.remove(group, name);
    }
  }
}

/** In the order of their timestamps, then as they came. */
export const byTime = (left: StoredEvent, right: StoredEvent): number => left.timestamp - right.timestamp || left.number - right.number;

function eventsOf(text: string): readonly StoredEvent[] {
  return text
    .split("\n")
    .slice(1, -1)
    .map((line) => {
      const [number, timestamp, ingested, message] = JSON.parse(line) as [number, number, number, string];
      return { number, timestamp, ingested, message };
    });
}

function spanOf(events: readonly StoredEvent[]): Pick<LogStream, "first" | "last" | "ingested"> {
  const [head] = events;
  if (!head) return {};
  const { first, last } = events.reduce(
    (span, { timestamp }) => ({ first: Math.min(span.first, timestamp), last: Math.max(span.last, timestamp) }),
    { first: head.timestamp, last: head.timestamp },
  );
  return { first, last, ingested: events.at(-1)?.ingested ?? head.ingested };
}
