/** The interface of a target's emulation: runs a loaded function for a request. */
import type { Invocation, LoadedFunction } from "../model/invocation.ts";
import type { HttpRequest } from "../model/http-message.ts";
import type { ClientDisconnect } from "../http/client-disconnect.ts";

/** The route of a request, and its client. */
export interface Destination {
  /** `ANY /users/{id}` or `$default`: the HTTP API key that matched. */
  readonly routeKey: string;
  /** Decoded once, as in the HTTP API's event. */
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly requestId: string;
  /** Reports a client that disconnects before the end of the response; Lambda never learns of it. */
  readonly disconnect?: ClientDisconnect;
}

/** Runs functions as one target does. It holds environments, isolates and sockets open. */
export interface Emulator {
  /** A throw, a timeout or a crash of the function is an invocation with a failure, never a rejection. */
  invoke(fn: LoadedFunction, request: HttpRequest, to: Destination): Promise<Invocation>;
  /** Ends the environments of older builds of the function after their current requests. */
  retire(id: string): void;
  /** Ends everything at once; resolves when no process is left. */
  close(): Promise<void>;
}
