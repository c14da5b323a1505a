/** One environment's Runtime API (facts: recorded from AWS's own runtime client): events go out of /next, results come in. */
import type { IncomingMessage } from "node:http";
import type { WireHeaders, WireRequest, WireResponse } from "../../model/wire.ts";
import { checkControl, headerValues, jsonAnswer } from "../guard.ts";
import { type Listener, listen } from "../listen.ts";
import { readBody } from "../wire-request.ts";
import type { LambdaCall } from "./outcome.ts";
import { traceHeader } from "./trace-id.ts";

/** Largest event or result, bytes (6 MB and what the platform adds). */
export const maxPayload = 6_291_556;

/** Largest streamed answer, bytes (quotas page: 200 MB). */
export const maxStreamed = 200 * 1024 ** 2;

/** What the runtime client posted for one event. */
export type Posted =
  | { readonly kind: "response" | "error"; readonly payload: Uint8Array }
  | { readonly kind: "too-large"; readonly limit: number };

/** Told as it happens. */
export interface RuntimeApiEvents {
  /** The client asks for the next event: init is over, or the last event done with. */
  onPoll(): void;
  /** A streamed answer comes; undefined collects it. */
  onStream(type: string): Promise<((chunk: Uint8Array) => Promise<void>) | undefined>;
  onPosted(posted: Posted): void;
  onInitError(payload: Uint8Array): void;
}

const prefix = "/2018-06-01/runtime";
const errorType = "lambda-runtime-function-error-type";
const responseMode = "lambda-runtime-function-response-mode";
const errorBody = "lambda-runtime-function-error-body";
const refusal = (status: number, type: string, message: string): WireResponse =>
  jsonAnswer(status, { errorMessage: message, errorType: type });
const wrongState = (): WireResponse => refusal(403, "InvalidStateTransition", "State transition is not allowed");
const accepted = (): WireResponse => jsonAnswer(202, { status: "OK" });

/** What an event carries beside its body. */
export const eventHeaders = (call: LambdaCall, deadline: number): WireHeaders => [
  ["Lambda-Runtime-Aws-Request-Id", call.requestId],
  ["Lambda-Runtime-Deadline-Ms", String(deadline)],
  ["Lambda-Runtime-Invoked-Function-Arn", call.arn],
  ["Lambda-Runtime-Trace-Id", traceHeader()],
];

/** Served on a port of its own, which is the environment's AWS_LAMBDA_RUNTIME_API. A class, since it holds the open poll. */
export class RuntimeApi {
  readonly #events: RuntimeApiEvents;
  #listener: Listener | undefined;
  #state: "init" | "polling" | "running" | "streaming" | "answered" = "init";
  #current: string | undefined;
  /** What stands for the body of an answer whose bytes are elsewhere, and how many they were. */
  #streamed: { readonly body: Uint8Array; readonly bytes: number } | undefined;
  #poll: ((response: WireResponse) => void) | undefined;

  private constructor(events: RuntimeApiEvents) {
    this.#events = events;
  }

  /** Opens it on a free port. */
  static async open(events: RuntimeApiEvents): Promise<RuntimeApi> {
    const api = new RuntimeApi(events);
    api.#listener = await listen({
      port: 0,
      // The size is judged here, since the caller must hear of it; and a client may work on one event for as long as it likes.
      maxBody: Number.MAX_SAFE_INTEGER,
      keepAliveMs: 0,
      // A streamed answer lasts as long as its function: 900 s at most.
      requestMs: 1_000_000,
      trailers: [errorType, errorBody],
      read: (message, limit) => api.#read(message, limit),
      handle: async (request) => checkControl(request) ?? (await api.#route(request)),
    });
    return api;
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.#listener?.port}`;
  }

  get polling(): boolean {
    return this.#state === "polling";
  }

  /** Answers the open poll; only while `polling`. */
  deliver(event: Uint8Array, call: LambdaCall, deadline: number): void {
    if (!this.#poll) throw new Error("the runtime client has not asked for an event");
    this.#state = "running";
    this.#current = call.requestId;
    this.#poll({ status: 200, headers: [["Content-Type", "application/json"], ...eventHeaders(call, deadline)], body: event });
    this.#poll = undefined;
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  #route(request: WireRequest): WireResponse | Promise<WireResponse> {
    const { method, target } = request;
    if (method === "GET" && target === `${prefix}/invocation/next`) return this.#next();
    if (method === "POST" && target === `${prefix}/init/error`) return this.#initError(request);
    const [, id, verb] = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(target) ?? [];
    if (method !== "POST" || id === undefined) return refusal(404, "NotFound", "404 page not found");
    return this.#posted(request, id, verb === "error" ? "error" : "response");
  }

  #next(): WireResponse | Promise<WireResponse> {
    if (this.#state === "running" || this.#state === "streaming") return wrongState();
    this.#state = "polling";
    return new Promise((answer) => {
      this.#poll = answer;
      this.#events.onPoll();
    });
  }

  #initError({ body }: WireRequest): WireResponse {
    if (this.#state !== "init") return wrongState();
    this.#events.onInitError(body);
    return accepted();
  }

  /** Hands a streamed answer on as it comes; one that is too long is read to its end and dropped. */
  async #read(message: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
    const { [responseMode]: mode, "content-type": type = "application/octet-stream" } = message.headers;
    const isCurrent = this.#state === "running" && message.url === `${prefix}/invocation/${this.#current}/response`;
    const write = mode === "streaming" && isCurrent ? await this.#events.onStream(type) : undefined;
    if (!write) return readBody(message, limit);
    this.#state = "streaming";
    let bytes = 0;
    for await (const chunk of message as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= maxStreamed) await write(chunk);
    }
    this.#streamed = { body: new Uint8Array(), bytes };
    return this.#streamed.body;
  }

  #posted(request: WireRequest, id: string, verb: "response" | "error"): WireResponse {
    if (id !== this.#current) return refusal(400, "InvalidRequestID", "Invalid request ID");
    const { headers, body } = request;
    const streamed = this.#streamed?.body === body ? this.#streamed : undefined;
    if (this.#state !== "running" && !streamed) return wrongState();
    this.#state = "answered";
    const [bytes, limit] = streamed ? [streamed.bytes, maxStreamed] : [body.byteLength, maxPayload];
    if (verb === "response" && bytes > limit) {
      this.#events.onPosted({ kind: "too-large", limit });
      return refusal(413, "RequestEntityTooLarge", `Exceeded maximum allowed payload size (${limit} bytes).`);
    }
    // A stream that failed says so in its trailers, never through /error.
    const [failed] = headerValues(headers, errorType);
    const [encoded] = headerValues(headers, errorBody);
    if (verb === "response" && failed !== undefined)
      this.#events.onPosted({ kind: "error", payload: Buffer.from(encoded ?? "", "base64") });
    else this.#events.onPosted({ kind: verb, payload: body });
    return accepted();
  }
}
