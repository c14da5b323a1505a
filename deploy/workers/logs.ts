/** Opens a tail session of a stage's Worker and reads its log lines over a WebSocket (Workers docs, real-time logs). */
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { isMissing } from "./cloudflare-error.ts";
import { scriptName } from "./names.ts";
import { UserError } from "../../framework/model/user-error.ts";

/** One line, or one exception. */
export interface TailLine {
  /** Epoch ms. */
  readonly time: number;
  /** `log`, `error`, … or `exception`. */
  readonly level: string;
  readonly text: string;
  /** `GET /users/7`, where a request caused it. */
  readonly request?: string;
}

/** A tail that is open. */
export interface Tail {
  /** Resolves when the other side ended it. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Lines from now on: Cloudflare stores none. Throws UserError NOT_DEPLOYED. */
export async function openTail(client: Client, owner: Owner, onLine: (line: TailLine) => void): Promise<Tail> {
  const path = `/workers/scripts/${scriptName(owner)}/tails`;
  const { id, url } = await client
    .call<{ readonly id: string; readonly url: string }>({
      operation: "createTail",
      method: "POST",
      path,
      json: { filters: [] },
    })
    .catch((error: unknown) => {
      throw isMissing(error) ? notDeployed(owner, error) : error;
    });
  const socket = new WebSocket(url, "trace-v1");
  const ended = new Promise<void>((done) => socket.addEventListener("close", () => done()));
  socket.addEventListener("message", ({ data }) => {
    void textOf(data).then((text) => toLines(text).forEach(onLine));
  });
  await new Promise<void>((done, fail) => {
    socket.addEventListener("open", () => done());
    socket.addEventListener("error", () => fail(new Error(`the tail at ${new URL(url).host} cannot be listened to`)));
  });
  socket.send(JSON.stringify({ debug: false }));
  return {
    ended,
    async close() {
      socket.close();
      await client
        .call({ operation: "deleteTail", method: "DELETE", path: `${path}/${id}` })
        .catch((error: unknown) => {
          // It may have expired by itself (10058); then there is nothing to end.
          if (!isMissing(error) && (error as { readonly status?: number }).status !== 404) throw error;
        });
    },
  };
}

const textOf = async (data: unknown): Promise<string> => (data instanceof Blob ? data.text() : String(data));

interface TraceItem {
  readonly eventTimestamp?: number;
  readonly event?: { readonly request?: { readonly method?: string; readonly url?: string } } | null;
  readonly logs?: readonly { readonly message?: unknown; readonly level?: string; readonly timestamp?: number }[];
  readonly exceptions?: readonly { readonly name?: string; readonly message?: unknown; readonly timestamp?: number }[];
}

function toLines(text: string): readonly TailLine[] {
  const { event, eventTimestamp = 0, logs = [], exceptions = [] } = JSON.parse(text) as TraceItem;
  const { method, url } = event?.request ?? {};
  const request = method && url ? { request: `${method} ${new URL(url).pathname}` } : {};
  return [
    ...logs.map(({ message, level = "log", timestamp = eventTimestamp }) => ({
      time: timestamp,
      level,
      text: messageText(message),
      ...request,
    })),
    ...exceptions.map(({ name = "Error", message, timestamp = eventTimestamp }) => ({
      time: timestamp,
      level: "exception",
      text: `${name}: ${messageText(message)}`,
      ...request,
    })),
  ].toSorted((one, other) => one.time - other.time);
}

/** The arguments of `console.log` as text. */
function messageText(message: unknown): string {
  if (!Array.isArray(message)) return typeof message === "string" ? message : JSON.stringify(message);
  return message.map((word: unknown) => (typeof word === "string" ? word : JSON.stringify(word))).join(" ");
}

function notDeployed({ app, stage }: Owner, cause: unknown): UserError {
  return new UserError(
    "NOT_DEPLOYED",
    `there is no Worker of ${app} at the stage ${stage}`,
    `Run portico deploy --stage ${stage}`,
    { cause },
  );
}
