/** Service bindings of a Worker version: requests and method calls go to another version's process. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** The Worker that a binding names. */
export interface Service {
  readonly service: string;
  /** A named export; the default export when absent. */
  readonly entrypoint?: string;
}

/** The address at which a version accepts method calls, and the names of its entrypoints there. */
export interface CallAddress {
  readonly address: string;
  readonly defaultService: string;
  readonly namedService: string;
}

/** How a version reaches others. */
export interface ServiceCalls {
  /** Sends a request to the default entrypoint's `fetch`. */
  fetch(service: string, request: Request): Promise<Response>;
  /** The version to call, held until `done` is called. */
  connect(service: string): Promise<{ readonly address: CallAddress; readonly done: () => void }>;
}

/** Not a valid script name, so that no script has it. */
const workerName = "portico_services";

export function serviceBindings(services: Readonly<Record<string, Service>>): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(services).map(([name, props]) => [
      name,
      { name: workerName, entrypoint: "Service", props: { ...props } },
    ]),
  );
}

/** The Worker that receives the calls. @param respond makes a Response of miniflare's own class */
export async function serviceWorker(
  { fetch, connect }: ServiceCalls,
  respond: (text: string, status?: number) => unknown,
): Promise<object> {
  const openCalls = new Map<string, () => void>();
  const plugin = { package: fileURLToPath(new URL("miniflare-plugins.mjs", import.meta.url)), name: "portico-debug" };
  let calls = 0;
  return {
    name: workerName,
    modules: [
      {
        type: "ESModule",
        path: "services.mjs",
        contents: await readFile(new URL("services-worker.mjs", import.meta.url), "utf8"),
      },
    ],
    compatibilityDate: "2026-07-01",
    unsafeBindings: [{ name: "DEBUG", type: "debug", plugin, options: {} }],
    serviceBindings: {
      FETCH: (request: Request) => fetch(decodeURIComponent(request.headers.get("x-portico-service") ?? ""), request),
      CONNECT: async (request: Request) => {
        const [, verb, text = ""] = new URL(request.url).pathname.split("/");
        if (verb === "done") {
          openCalls.get(text)?.();
          openCalls.delete(text);
          return respond("");
        }
        try {
          const { address, done } = await connect(decodeURIComponent(text));
          calls += 1;
          openCalls.set(String(calls), done);
          return respond(JSON.stringify({ id: calls, ...address }));
        } catch (error) {
          return respond((error as Error).message, 503);
        }
      },
    },
  };
}
