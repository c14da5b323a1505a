/** The data planes: an API's id and a port in, a listener that answers as that HTTP API out. */
import { UserError } from "../../model/user-error.ts";
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import { type Listener, listen } from "../listen.ts";
import type { Fronts } from "./region.ts";

/** Bytes that are read of a body at all; the HTTP API refuses what is over 10 MB in its own words. */
const maxBody = 64 * 1024 * 1024;

/** How requests are answered, and where what must not happen is told. */
export interface FrontOptions {
  readonly hosts: readonly string[];
  serve(apiId: string, request: WireRequest): Promise<WireResponse>;
  /** A port that was remembered is taken; another one is opened instead. */
  onMoved(apiId: string, wanted: number, port: number): void;
  onError(error: unknown): void;
}

/** Nothing is open yet. */
export function createFronts(options: FrontOptions): Fronts {
  const open = new Map<string, Listener>();
  const listenOn = (apiId: string, port: number): Promise<Listener> =>
    listen({ port, hosts: options.hosts, maxBody, handle: (request) => options.serve(apiId, request), onError: options.onError });
  const close = async (apiId: string): Promise<void> => {
    const listener = open.get(apiId);
    open.delete(apiId);
    await listener?.close();
  };
  return {
    async open(apiId, wanted) {
      let listener: Listener;
      try {
        listener = await listenOn(apiId, wanted);
      } catch (error) {
        if (!(error instanceof UserError) || wanted === 0) throw error;
        listener = await listenOn(apiId, 0);
        options.onMoved(apiId, wanted, listener.port);
      }
      open.set(apiId, listener);
      return listener.port;
    },
    close,
    closeAll: async () => void (await Promise.all([...open.keys()].map(close))),
  };
}
