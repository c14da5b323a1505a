/** Listeners of deployed apps: one HTTP port on loopback for each API, function URL or Worker. */
import { UserError } from "../model/user-error.ts";
import type { HttpRequest, HttpResponse } from "../model/http-message.ts";
import type { ClientDisconnect } from "../http/client-disconnect.ts";
import { type Listener, listen } from "../http/loopback-server.ts";

/** Largest request body in bytes. Each kind of app has a lower limit with an error of its own. */
const defaultMaxBody = 64 * 1024 * 1024;

/** The open listeners, by the id of their app. */
export interface Listeners {
  /** Opens a listener and returns its port. Port 0, and one that is in use, become a free one. */
  open(id: string, port: number): Promise<number>;
  /** Accepts no new request, and resolves when the port is free. */
  close(id: string): Promise<void>;
  closeAll(): Promise<void>;
}

/** How they answer, and who gets reports. */
export interface ListenersOptions {
  readonly hosts: readonly string[];
  /** Largest body and head of a request in bytes, where they differ from the defaults. */
  readonly maxBody?: number;
  readonly maxHead?: number;
  serve(id: string, request: HttpRequest, disconnect: ClientDisconnect): Promise<HttpResponse>;
  /** The wanted port is in use; another one is open instead. */
  onMoved(id: string, wanted: number, port: number): void;
  onError(error: unknown): void;
}

/** No listener is open yet. */
export function createListeners(options: ListenersOptions): Listeners {
  const open = new Map<string, Listener>();
  const { hosts, onError, maxHead } = options;
  const limits = { maxBody: options.maxBody ?? defaultMaxBody, ...(maxHead !== undefined && { maxHead }) };
  const listenOn = (id: string, port: number): Promise<Listener> =>
    listen({
      port,
      hosts,
      ...limits,
      handle: (request, disconnect) => options.serve(id, request, disconnect),
      onError,
    });
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
