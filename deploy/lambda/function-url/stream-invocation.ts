/** Invokes a version with the event of a function URL and reads the status and text that it streams. */
import { InvokeWithResponseStreamCommand } from "@aws-sdk/client-lambda";
import type { Version } from "../../parts.ts";
import type { Clients } from "../clients.ts";
import { failureText, notStarted, type Probed, whenReady } from "../version-probe.ts";
import type { Role } from "../role.ts";
import { versionTarget } from "../names.ts";

/** An answer, or Lambda's error text in its place. */
interface StreamedResponse {
  readonly status?: number;
  readonly text: string;
}

/** Separates status and headers from the body (Lambda developer guide, "Response streaming"). */
const delimiter = Buffer.alloc(8);

/** @param isWhole false ends it as soon as the status is there: a body may never end */
async function invokeStream(
  { lambda }: Clients,
  ref: string,
  event: unknown,
  isWhole: boolean,
): Promise<StreamedResponse> {
  const Payload = Buffer.from(JSON.stringify(event));
  const { EventStream = [] } = await lambda.send(
    new InvokeWithResponseStreamCommand({ ...versionTarget(ref), Payload }),
  );
  let bytes: Buffer = Buffer.alloc(0);
  for await (const { PayloadChunk, InvokeComplete } of EventStream as AsyncIterable<{
    readonly PayloadChunk?: { readonly Payload?: Uint8Array };
    readonly InvokeComplete?: { readonly ErrorCode?: string; readonly ErrorDetails?: string };
  }>) {
    if (InvokeComplete?.ErrorCode !== undefined)
      return { text: failureText(InvokeComplete.ErrorCode, InvokeComplete.ErrorDetails ?? "") };
    bytes = Buffer.concat([bytes, PayloadChunk?.Payload ?? new Uint8Array()]);
    if (!isWhole && bytes.includes(delimiter)) break;
  }
  const end = bytes.indexOf(delimiter);
  return end < 0
    ? { text: bytes.toString("utf8", 0, 400) }
    : { ...statusOf(bytes.toString("utf8", 0, end)), text: bytes.toString("utf8", end + 8) };
}

function statusOf(prelude: string): Pick<StreamedResponse, "status"> {
  try {
    const { statusCode } = JSON.parse(prelude) as { readonly statusCode?: unknown };
    return typeof statusCode === "number" ? { status: statusCode } : {};
  } catch {
    return {};
  }
}

/**
 * The status that the version answers GET with, as its URL would send it; 502 where it gives none.
 * @param path with its query
 */
export async function requestPath(clients: Clients, ref: string, path: string): Promise<number> {
  const domainName = `candidate.lambda-url.${clients.region}.on.aws`;
  const { pathname, search } = new URL(path, `https://${domainName}`);
  const event = {
    version: "2.0",
    routeKey: "$default",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    isBase64Encoded: false,
    headers: {
      host: domainName,
      accept: "*/*",
      "user-agent": "portico",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "127.0.0.1",
    },
    requestContext: {
      accountId: "anonymous",
      apiId: "candidate",
      domainName,
      domainPrefix: "candidate",
      routeKey: "$default",
      stage: "$default",
      http: { method: "GET", path: pathname, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "portico" },
      requestId: "candidate",
      time: "",
      timeEpoch: clients.clock.now(),
    },
  };
  const { status = 502 } = await invokeStream(clients, ref, event, false);
  return status;
}

/** Probes a version for its build id. Throws UserError PROBE_FAILED. */
export async function probeStream(
  clients: Clients,
  role: Pick<Role, "created">,
  version: Version,
  expected: Probed,
): Promise<void> {
  const invoke = () => invokeStream(clients, version.ref, { portico: "build" }, true);
  const { status, text } = await whenReady(clients, role, invoke);
  if (status === 200 && text === expected.build) return;
  const found = status === 200 ? `it answers as another build (${text.slice(0, 80)})` : text || "it answers nothing";
  throw notStarted(version, expected, found);
}
