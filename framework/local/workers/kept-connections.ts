/** Connections to a running workerd that are kept for requests without a body: a request in, workerd's answer out, at half of what node:http's client costs. */
import { isSmall, type WorkerdAnswer } from "./answer.ts";
import { type Forwarded, ofHop } from "./forward.ts";
import { loadUndici } from "./miniflare.ts";

/** A request without a body. */
export type BareRequest = Pick<Forwarded, "method" | "url" | "headers">;

/** Open to one workerd. */
export interface KeptConnections {
  /**
   * Resolves when the head of the answer is there, and of a small body all of it. Rejects as undici does; with SilentlyClosed where the
   * connection ended before anything was answered.
   */
  ask(request: BareRequest): Promise<WorkerdAnswer>;
  close(): Promise<void>;
}

/** workerd closes idle connections without saying so: the request may never have reached it. */
export class SilentlyClosed extends Error {
  constructor(cause: Error) {
    super("the connection ended before an answer began", { cause });
    this.name = "SilentlyClosed";
  }
}

/** What we use of undici's DispatchController (7.x, as miniflare brings it); raw headers are names and values in turn. */
interface Controller {
  readonly rawHeaders?: readonly Buffer[];
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** Names and values in turn, without those of the hop. */
function flat({ headers }: BareRequest): string[] {
  const list: string[] = [];
  for (const [name, value] of headers) if (!ofHop.has(name.toLowerCase())) list.push(name, value);
  return list;
}

/** Undici's DispatchHandler for one answer. A class, since undici calls it as one and a request should not make seven closures. */
class Answering {
  readonly answer = Promise.withResolvers<WorkerdAnswer>();
  #head: Omit<WorkerdAnswer, "body"> | undefined;
  #parts: Buffer[] | undefined;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  onRequestStart(): void {}

  onResponseStart(controller: Controller, status: number): void {
    if (status < 200) return;
    const headers: (readonly [string, string])[] = [];
    const raw = controller.rawHeaders ?? [];
    let length: string | undefined;
    for (let at = 0; at < raw.length; at += 2) {
      const name = raw[at]!.toString("latin1").toLowerCase();
      if (name === "connection" || name === "keep-alive" || name === "transfer-encoding") continue;
      const value = raw[at + 1]!.toString("latin1");
      if (name === "content-length") length = value;
      headers.push([name, value]);
    }
    this.#head = { status, headers };
    if (isSmall(length)) this.#parts = [];
    else this.answer.resolve({ ...this.#head, body: this.#open(controller) });
  }

  /** Paused while its reader has enough. */
  #open(controller: Controller): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      start: (stream) => {
        this.#stream = stream;
      },
      pull: () => controller.resume(),
      cancel: (reason: unknown) => {
        this.#stream = undefined;
        controller.abort(reason instanceof Error ? reason : new Error("the answer is not wanted any more"));
      },
    });
  }

  onResponseData(controller: Controller, part: Buffer): void {
    // Resumed before more is there, its parser gives what it has: nothing. To stop at that would be to stop for ever.
    if (part.length === 0) return;
    if (this.#parts) return void this.#parts.push(part);
    this.#stream?.enqueue(part);
    if ((this.#stream?.desiredSize ?? 1) <= 0) controller.pause();
  }

  onResponseEnd(): void {
    this.#stream?.close();
    const parts = this.#parts;
    if (parts) this.answer.resolve({ ...this.#head!, body: parts.length === 1 ? parts[0]! : Buffer.concat(parts) });
  }

  onResponseError(_: Controller, error: NodeJS.ErrnoException): void {
    const silent = !this.#head && (error.code === "ECONNRESET" || error.code === "UND_ERR_SOCKET");
    this.answer.reject(silent ? new SilentlyClosed(error) : error);
    this.#stream?.error(error);
  }
}

/** Opens as many as there are requests at a time. Miniflare must be loaded. @param port on 127.0.0.1 */
export function keepConnections(port: number): KeptConnections {
  const { Pool } = loadUndici();
  // A Worker may take its time; who waits for it too long leaves.
  const pool = new Pool(`http://127.0.0.1:${port}`, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: 2 ** 20 });
  return {
    ask(request) {
      const handler = new Answering();
      pool.dispatch({ method: request.method, path: request.url, headers: flat(request) }, handler);
      return handler.answer.promise;
    },
    close: () => pool.destroy(),
  };
}
