/** Log events on disk: one file of JSON lines per stream. When there are too many, the oldest are removed. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/**
 * A stream whose file has more bytes than `maxStream` loses its older half. A group with more bytes or streams than
 * these loses the streams that were written to longest ago.
 */
const maxStream = 8 * 1024 * 1024;
const maxGroup = 64 * 1024 * 1024;
const maxStreams = 1000;
const schemaVersion = 1;

/** An event as it is written. Times are epoch ms. */
export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

/** An event as it is read. */
export interface StoredEvent extends LogEvent {
  readonly ingested: number;
  /** Unique in the store; a later event has a larger number. */
  readonly number: number;
}

/** A stream without its events. */
export interface LogStream {
  readonly name: string;
  readonly created: number;
  readonly first?: number;
  readonly last?: number;
  readonly ingested?: number;
  readonly bytes: number;
}

interface OpenStream extends LogStream {
  readonly group: string;
  readonly file: string;
}

/** A class, since it holds an index of the folder. Events are on disk when `append` returns. */
export class LogStore {
  readonly #folder: string;
  readonly #groups = new Map<string, Map<string, OpenStream>>();
  /** Bytes of each group. */
  readonly #sizes = new Map<string, number>();
  #next = 1;

  constructor(folder: string) {
    this.#folder = join(folder, "logs");
    mkdirSync(this.#folder, { recursive: true });
    for (const name of readdirSync(this.#folder)) this.#load(join(this.#folder, name));
  }

  /** The streams of a group, sorted by name. */
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

  /** Ignored when the stream does not exist. */
  append(group: string, stream: string, events: readonly LogEvent[], ingested: number): void {
    const open = this.#groups.get(group)?.get(stream);
    const [first] = events;
    if (!open || !first) return;
    const lines = events
      .map(({ timestamp, message }) => `${JSON.stringify([this.#next++, timestamp, ingested, message])}\n`)
      .join("");
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

  /** The groups that have streams. */
  groups(): readonly string[] {
    return [...this.#groups.keys()];
  }

  #put(open: OpenStream): void {
    const streams = this.#groups.get(open.group) ?? new Map<string, OpenStream>();
    const before = streams.get(open.name)?.bytes ?? 0;
    this.#sizes.set(open.group, (this.#sizes.get(open.group) ?? 0) + open.bytes - before);
    streams.set(open.name, open);
    this.#groups.set(open.group, streams);
  }

  #load(file: string): void {
    if (!file.endsWith(".jsonl")) return rmSync(file, { force: true });
    const text = readFileSync(file, "utf8");
    // A kill may leave half a line, of an append that never returned.
    const complete = text.slice(0, text.lastIndexOf("\n") + 1);
    if (complete.length < text.length) truncateSync(file, Buffer.byteLength(complete));
    const [line = ""] = complete.split("\n", 1);
    const head =
      line === ""
        ? {}
        : (JSON.parse(line) as { schemaVersion?: number; group?: string; name?: string; created?: number });
    const { group, name, created } = head;
    if (head.schemaVersion !== schemaVersion || group === undefined || name === undefined || created === undefined)
      return rmSync(file, { force: true });
    const events = eventsOf(complete);
    for (const { number } of events) this.#next = Math.max(this.#next, number + 1);
    this.#put({ group, name, created, file, bytes: Buffer.byteLength(complete), ...spanOf(events) });
  }

  /** Removes the older half of the events. */
  #halve(open: OpenStream): OpenStream {
    const text = readFileSync(open.file, "utf8");
    const [head = ""] = text.split("\n", 1);
    const events = eventsOf(text);
    const newer = events.slice(Math.floor(events.length / 2));
    const lines = newer.map(({ number, timestamp, ingested, message }) =>
      JSON.stringify([number, timestamp, ingested, message]),
    );
    const content = `${[head, ...lines].join("\n")}\n`;
    writeFileSync(`${open.file}.tmp`, content, { mode: 0o600 });
    renameSync(`${open.file}.tmp`, open.file);
    return { ...open, bytes: Buffer.byteLength(content), ...spanOf(newer) };
  }

  #trim(group: string, keep: string): void {
    const isFull = (): boolean =>
      (this.#sizes.get(group) ?? 0) > maxGroup || (this.#groups.get(group)?.size ?? 0) > maxStreams;
    if (!isFull()) return;
    const since = ({ ingested, created }: LogStream): number => ingested ?? created;
    for (const { name } of this.streams(group).toSorted((left, right) => since(left) - since(right))) {
      if (!isFull()) return;
      if (name !== keep) this.remove(group, name);
    }
  }
}

/** Sorts by timestamp, then by number. */
export const byTime = (left: StoredEvent, right: StoredEvent): number =>
  left.timestamp - right.timestamp || left.number - right.number;

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
