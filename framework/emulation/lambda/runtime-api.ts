/** The Runtime API of one environment (developer guide, "Lambda runtime API"): sends events and receives results. */
import type { IncomingMessage } from "node:http";
import {
  headerValues,
  type HttpHeaders,
  type HttpRequest,
  type HttpResponse,
  jsonResponse,
} from "../../model/http-message.ts";
import { checkControl } from "../../http/guard.ts";
import { type Listener, listen } from "../../http/loopback-server.ts";
import { readBody } from "../../http/request-reader.ts";
import type { InvocationRequest } from "./invocation.ts";
import { traceHeader } from "./trace-id.ts";

/** Largest event or result in bytes: 6 MB, and an overhead of 100 bytes. */
export const maxPayload = 6_291_556;

/** Largest streamed response in bytes (quotas page: 200 MB). */
export const maxStreamed = 200 * 1024 ** 2;

/** The result that the runtime client posted for one event. */
export type PostedResult =
  | { readonly kind: "response" | "error"; readonly payload: Uint8Array }
  | { readonly kind: "too-large"; readonly limit: number };

/** Callbacks for the runtime client's requests. */
export interface RuntimeApiEvents {
  /** The client requests the next event: init, or the last event, has ended. */
  onPoll(): void;
  /** A streamed response begins; undefined buffers it. */
  onStream(type: string): Promise<((chunk: Uint8Array) => Promise<void>) | undefined>;
  onPosted(posted: PostedResult): void;
  onInitError(payload: Uint8Array): void;
}

const prefix = "/2018-06-01/runtime";
const errorType = "lambda-runtime-function-error-type";
const responseMode = "lambda-runtime-function-response-mode";
const errorBody = "lambda-runtime-function-error-body";
const refusal = (status: number, type: string, message: string): HttpResponse =>
  jsonResponse(status, { errorMessage: message, errorType: type });
const wrongState = (): HttpResponse => refusal(403, "InvalidStateTransition", "State transition is not allowed");
/** AWS's own body ends with a line break. */
const accepted = (): HttpResponse => ({ ...jsonResponse(202, {}), body: Buffer.from('{"status":"OK"}\n') });

/** The headers of an event. */
export const eventHeaders = (call: InvocationRequest, deadline: number): HttpHeaders => [
  ["Lambda-Runtime-Aws-Request-Id", call.requestId],
  ["Lambda-Runtime-Deadline-Ms", String(deadline)],
  ["Lambda-Runtime-Invoked-Function-Arn", call.arn],
  ["Lambda-Runtime-Trace-Id", traceHeader()],
];

/** Listens on a port of its own, the environment's AWS_LAMBDA_RUNTIME_API. A class, since it holds the open poll. */
export class RuntimeApi {
  #events: RuntimeApiEvents | undefined;
  #listener: Listener | undefined;
  #state: "init" | "polling" | "running" | "streaming" | "answered" = "init";
  #current: string | undefined;
  /** The placeholder body of a streamed response, and the response's length. */
  #streamed: { readonly body: Uint8Array; readonly bytes: number } | undefined;
  #poll: ((response: HttpResponse) => void) | undefined;

  private constructor() {}

  /** Opens it on a free port. No request may come before `follow`. */
  static async open(): Promise<RuntimeApi> {
    const api = new RuntimeApi();
    api.#listener = await listen({
      port: 0,
      // The size is checked below, since the caller gets an error for it; a client may take any time for one event.
      maxBody: Number.MAX_SAFE_INTEGER,
      keepAliveMs: 0,
      // A spare process connects long before its first request, and a streamed response lasts as long as its function.
      headersMs: 0,
      requestMs: 0,
      trailers: [errorType, errorBody],
      read: (message, limit) => api.#read(message, limit),
      handle: async (request) => checkControl(request) ?? (await api.#route(request)),
    });
    return api;
  }

  /** Sets the receiver of the client's requests. */
  follow(events: RuntimeApiEvents): void {
    this.#events = events;
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.#listener?.port}`;
  }

  get polling(): boolean {
    return this.#state === "polling";
  }

  /** Responds to the open poll with an event; only while `polling`. */
  deliver(event: Uint8Array, call: InvocationRequest, deadline: number): void {
    if (!this.#poll) throw new Error("the runtime client has not polled for an event");
    this.#state = "running";
    this.#current = call.requestId;
    this.#poll({
      status: 200,
      headers: [["Content-Type", "application/json"], ...eventHeaders(call, deadline)],
      body: event,
    });
    this.#poll = undefined;
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  #route(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const { method, target } = request;
    if (method === "GET" && target === `${prefix}/invocation/next`) return this.#next();
    if (method === "POST" && target === `${prefix}/init/error`) return this.#initError(request);
    const [, id, verb] = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(target) ?? [];
    if (method !== "POST" || id === undefined) return refusal(404, "NotFound", "404 page not found");
    return this.#posted(request, id, verb === "error" ? "error" : "response");
  }

  #next(): HttpResponse | Promise<HttpResponse> {
    if (this.#state === "running" || this.#state === "streaming") return wrongState();
    this.#state = "polling";
    return new Promise((resolve) => {
      this.#poll = resolve;
      this.#events?.onPoll();
    });
  }

  #initError({ body }: HttpRequest): HttpResponse {
    if (this.#state !== "init") return wrongState();
    this.#events?.onInitError(body);
    return accepted();
  }

  /** Forwards a streamed response part by part; the bytes over the limit are read and dropped. */
  async #read(message: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
    const { [responseMode]: mode, "content-type": type = "application/octet-stream" } = message.headers;
    const isCurrent = this.#state === "running" && message.url === `${prefix}/invocation/${this.#current}/response`;
    const write = mode === "streaming" && isCurrent ? await this.#events?.onStream(type) : undefined;
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

  #posted(request: HttpRequest, id: string, verb: "response" | "error"): HttpResponse {
    if (id !== this.#current) return refusal(400, "InvalidRequestID", "Invalid request ID");
    const { headers, body } = request;
    const streamed = this.#streamed?.body === body ? this.#streamed : undefined;
    if (this.#state !== "running" && !streamed) return wrongState();
    this.#state = "answered";
    const [bytes, limit] = streamed ? [streamed.bytes, maxStreamed] : [body.byteLength, maxPayload];
    if (verb === "response" && bytes > limit) {
      this.#events?.onPosted({ kind: "too-large", limit });
      return refusal(413, "RequestEntityTooLarge", `Exceeded maximum allowed payload size (${limit} bytes).`);
    }
    // A stream reports its failure in trailers, never through /error.
    const [failed] = headerValues(headers, errorType);
    const [encoded] = headerValues(headers, errorBody);
    if (verb === "response" && failed !== undefined)
      this.#events?.onPosted({ kind: "error", payload: Buffer.from(encoded ?? "", "base64") });
    else this.#events?.onPosted({ kind: verb, payload: body });
    return accepted();
  }
}
