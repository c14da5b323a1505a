/** The data planes: the id of an API or a function URL and a port in, a listener that answers as that out. */
import { UserError } from "../../model/user-error.ts";
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import { type Listener, listen } from "../listen.ts";
import type { Fronts } from "./region.ts";

/** Bytes that are read of a body at all; HTTP APIs and URLs refuse less in their own words. */
const usualMaxBody = 64 * 1024 * 1024;

/** How requests are answered, and where what must not happen is told. */
export interface FrontOptions {
  readonly hosts: readonly string[];
  /** Bytes that are read of a body and of a head at all, where that is not the usual. */
  readonly maxBody?: number;
  readonly maxHead?: number;
  serve(id: string, request: WireRequest): Promise<WireResponse>;
  /** A port that was remembered is taken; another one is opened instead. */
  onMoved(id: string, wanted: number, port: number): void;
  onError(error: unknown): void;
}

/** Nothing is open yet. */
export function createFronts(options: FrontOptions): Fronts {
  const open = new Map<string, Listener>();
  const { hosts, onError, maxHead } = options;
  const limits = { maxBody: options.maxBody ?? usualMaxBody, ...(maxHead !== undefined && { maxHead }) };
  const listenOn = (id: string, port: number): Promise<Listener> =>
    listen({ port, hosts, ...limits, handle: (request) => options.serve(id, request), onError });
  const close = async (id: string): Promise<void> => {
    const listener = open.get(id);
    open.delete(id);
    await listener?.close();
  };
  return {
    async open(id, wanted) {
      let listener: Listener;
      try {
        listener = await listenOn(id, wanted);
      } catch (error) {
        if (!(error instanceof UserError) || wanted === 0) throw error;
        listener = await listenOn(id, 0);
        options.onMoved(id, wanted, listener.port);
      }
      open.set(id, listener);
      return listener.port;
    },
    close,
    closeAll: async () => void (await Promise.all([...open.keys()].map(close))),
  };
}
