/** What the gateway asks of a target's emulation: a loaded function and a request in, an invocation out. */
import type { Invocation, LoadedFunction } from "../model/invocation.ts";
import type { WireRequest } from "../model/wire.ts";
import type { ClientLeft } from "./client-left.ts";

/** Where a request goes, as the front decided it. */
export interface Destination {
  /** `ANY /users/{id}` or `$default`: the HTTP API key that matched. */
  readonly routeKey: string;
  /** Decoded once, as the HTTP API hands them over. */
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly requestId: string;
  /** Tells when the client leaves before the whole answer is out; nothing on Lambda hears of that. */
  readonly left?: ClientLeft;
}

/** One target's way to run functions. Held open: environments, isolates, sockets. */
export interface Emulator {
  /** Never rejects for what the function does: a throw, a timeout or a crash is an invocation with a failure. */
  invoke(fn: LoadedFunction, request: WireRequest, to: Destination): Promise<Invocation>;
  /** Ends everything that runs an older build of the function, once its current calls are answered. */
  retire(id: string): void;
  /** Ends everything at once; resolves when nothing is left. */
  close(): Promise<void>;
}
