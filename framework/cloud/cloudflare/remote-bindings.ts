/** Lets `portico dev` of the same app use the storage, queues and Workers of this cloud, over the control port. */
import { type HttpRequest, type HttpResponse, jsonResponse } from "../../model/http-message.ts";
import type { Storage } from "../../emulation/workers/miniflare-storage.ts";
import type { ServiceCalls } from "../../emulation/workers/service-bindings.ts";
import { frame, unframe } from "./framed-message.ts";

/**
 * A path of the control port; below it are `/alive`, `/queues/NAME`, `/services/NAME`, `/services/NAME/connect` and
 * `/calls/ID`.
 */
export const bindingsPath = "/portico/bindings";

/** Answers requests whose key was checked. */
export type RemoteBindings = (request: HttpRequest) => Promise<HttpResponse>;

/** The parts of this cloud that bindings of another process reach. */
export interface BindingTargets {
  openStorage(): Promise<Storage>;
  readonly answerProducer: (queue: string, request: Request) => Promise<Response>;
  readonly serviceCalls: ServiceCalls;
  /** Lets the methods of a Worker be called; false when it has no deployment. */
  readonly makeCallable: (service: string) => boolean;
}

export function createRemoteBindings(targets: BindingTargets): RemoteBindings {
  const { serviceCalls } = targets;
  const calls = createCalls(serviceCalls);
  return async ({ method, target, body }) => {
    const [kind = "", name = "", verb = ""] = target
      .slice(bindingsPath.length + 1)
      .split("/")
      .map(decodeURIComponent);
    switch (`${method} ${kind}${verb && `/${verb}`}`) {
      case "GET ":
        return jsonResponse(200, { schemaVersion: 1, storage: (await targets.openStorage()).address });
      case "GET alive":
        return endlessAnswer();
      case "POST queues":
        return framedAnswer(await targets.answerProducer(name, framedRequest(body)));
      case "GET services":
        return targets.makeCallable(name)
          ? jsonResponse(200, {})
          : jsonResponse(404, { error: `The Worker ${name} has no deployment` });
      case "POST services":
        return framedAnswer(await serviceCalls.fetch(name, framedRequest(body)));
      case "POST services/connect":
        return calls.connect(name);
      case "DELETE calls":
        return calls.end(name);
      default:
        return jsonResponse(404, { error: `${method} ${target} is not there` });
    }
  };
}

/** Method calls that a client has begun and not ended. */
function createCalls({ connect }: Pick<ServiceCalls, "connect">): {
  connect(service: string): Promise<HttpResponse>;
  end(call: string): HttpResponse;
} {
  const open = new Map<string, () => void>();
  let last = 0;
  return {
    async connect(service) {
      try {
        const { address, done } = await connect(service);
        last += 1;
        open.set(String(last), done);
        return jsonResponse(200, { call: String(last), address });
      } catch (error) {
        return jsonResponse(503, { error: (error as Error).message });
      }
    },
    end(call) {
      open.get(call)?.();
      open.delete(call);
      return jsonResponse(200, {});
    },
  };
}

/** An answer without an end: its client notices when the cloud closes or is killed. */
const endlessAnswer = (): HttpResponse => ({
  status: 200,
  headers: [],
  body: new ReadableStream({ start: (out) => out.enqueue(Buffer.from("\n")) }),
});

function framedRequest(bytes: Uint8Array): Request {
  const { head, body } = unframe(bytes);
  const { method = "GET", url = "", headers } = head;
  const hasNoBody = method === "GET" || method === "HEAD";
  return new Request(url, {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    body: hasNoBody ? null : body,
  });
}

const framedAnswer = ({ status, headers, body }: Response): HttpResponse => ({
  status: 200,
  headers: [["content-type", "application/octet-stream"]],
  body: frame({ status, headers: [...headers] }, body),
});
