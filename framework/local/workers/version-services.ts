/** The service bindings of a version: Workers by binding in, what miniflare needs to carry requests and method calls to other versions' processes out. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** What a binding names. */
export interface Service {
  readonly service: string;
  /** A named export; absent is the default one. */
  readonly entrypoint?: string;
}

/** Where a version takes method calls, and the names of its entrypoints there. */
export interface CallAddress {
  readonly address: string;
  readonly defaultService: string;
  readonly namedService: string;
}

/** How a version reaches others. */
export interface ServiceCalls {
  /** Answers what is sent to the default entrypoint's `fetch`. */
  fetch(service: string, request: Request): Promise<Response>;
  /** A version to call; `done` is to be called when the call is over. */
  connect(service: string): Promise<{ readonly address: CallAddress; readonly done: () => void }>;
}

/** Its own name is not one that a script can have. */
const workerName = "portico_services";

export function serviceBindings(services: Readonly<Record<string, Service>>): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(services).map(([name, props]) => [name, { name: workerName, entrypoint: "Service", props: { ...props } }]),
  );
}

/** The Worker that they end in. */
export async function serviceWorker({ fetch, connect }: ServiceCalls, answer: (text: string, status?: number) => unknown): Promise<object> {
  const open = new Map<string, () => void>();
  const plugin = { package: fileURLToPath(new URL("debug-plugin.mjs", import.meta.url)), name: "portico-debug" };
  let calls = 0;
  return {
    name: workerName,
    modules: [
      { type: "ESModule", path: "services.mjs", contents: await readFile(new URL("services-worker.mjs", import.meta.url), "utf8") },
    ],
    compatibilityDate: "2026-07-01",
    unsafeBindings: [{ name: "DEBUG", type: "debug", plugin, options: {} }],
    serviceBindings: {
      FETCH: (request: Request) => fetch(decodeURIComponent(request.headers.get("x-portico-service") ?? ""), request),
      CONNECT: async (request: Request) => {
        const [, verb, text = ""] = new URL(request.url).pathname.split("/");
        if (verb === "done") {
          open.get(text)?.();
          open.delete(text);
          return answer("");
        }
        try {
          const { address, done } = await connect(decodeURIComponent(text));
          calls += 1;
          open.set(String(calls), done);
          return answer(JSON.stringify({ id: calls, ...address }));
        } catch (error) {
          return answer((error as Error).message, 503);
        }
      },
    },
  };
}
