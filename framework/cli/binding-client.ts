/** A client of the local cloud for the bindings of a Worker that runs in another process: storage, queues, Workers. */
import { bindingsPath } from "../cloud/cloudflare/remote-bindings.ts";
import { frame, type MessageHead, unframeStream } from "../cloud/cloudflare/framed-message.ts";
import type { SendMessages } from "../emulation/workers/queue-bindings.ts";
import type { CallAddress, ServiceCalls } from "../emulation/workers/service-bindings.ts";
import { UserError } from "../model/user-error.ts";
import type { CloudAccess } from "./local-cloud.ts";

/** An open connection to the bindings in the local cloud. */
export interface BindingClient {
  /** Root URL of the storage (workers/miniflare-storage.ts). */
  readonly storage: string;
  readonly sendMessages: SendMessages;
  readonly serviceCalls: ServiceCalls;
  /** Throws UserError SERVICE_MISSING. */
  requireService(binding: string, service: string): Promise<void>;
  /** Resolves when the cloud ends for any reason, or after `close`. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Rejects with the cloud's message when it cannot open its storage. */
export async function openBindingClient({ endpoint, secretAccessKey }: CloudAccess): Promise<BindingClient> {
  const closing = new AbortController();
  const send = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(endpoint + bindingsPath + path, { ...init, headers: { authorization: `Bearer ${secretAccessKey}` } });
  const json = async <T>(path: string, init?: RequestInit): Promise<T> => {
    const response = await send(path, init);
    if (response.ok) return (await response.json()) as T;
    throw new Error(((await response.json()) as { readonly error: string }).error);
  };
  const exchange = async (path: string, request: Request): Promise<Response> => {
    const { method, url, headers } = request;
    const head: MessageHead = { method, url, headers: [...headers] };
    const body = Buffer.from(await new Response(frame(head, request.body)).arrayBuffer());
    const response = await send(path, { method: "POST", body });
    if (!response.ok || !response.body)
      throw new Error(`the local cloud answers ${path} with status ${response.status}`);
    return toResponse(await unframeStream(response.body));
  };
  const { storage } = await json<{ readonly storage: string }>("");
  const alive = await send("/alive", { signal: closing.signal });
  return {
    storage,
    sendMessages: (queue, request) => exchange(`/queues/${encodeURIComponent(queue)}`, request),
    serviceCalls: {
      fetch: (service, request) => exchange(`/services/${encodeURIComponent(service)}`, request),
      async connect(service) {
        const path = `/services/${encodeURIComponent(service)}/connect`;
        const { call, address } = await json<{ readonly call: string; readonly address: CallAddress }>(path, {
          method: "POST",
        });
        // A cloud that has ended holds no call any more.
        return { address, done: () => void send(`/calls/${call}`, { method: "DELETE" }).catch(() => undefined) };
      },
    },
    async requireService(binding, service) {
      const response = await send(`/services/${encodeURIComponent(service)}`);
      if (response.ok) return;
      throw new UserError(
        "SERVICE_MISSING",
        `the binding ${binding} names the Worker ${service}, which the local cloud at ${endpoint} does not have`,
        `Deploy ${service} there first: npx wrangler deploy with the three variables of docs/local-cloud.md ` +
          `(Cloudflare); or declare the binding under "stages" only, for the stages of an account.`,
        { at: { file: "hosting.json" } },
      );
    },
    ended: untilEnd(alive),
    close: () => closing.abort(),
  };
}

/** Resolves at the end of the body, also where the connection breaks. */
async function untilEnd({ body }: Response): Promise<void> {
  const reader = body?.getReader();
  try {
    while (reader && !(await reader.read()).done);
  } catch {
    // A broken connection is an end.
  }
}

function toResponse({ head, body }: Awaited<ReturnType<typeof unframeStream>>): Response {
  const { status = 502, headers } = head;
  const isEmpty = [101, 204, 205, 304].includes(status);
  return new Response(isEmpty ? null : body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}
