/** Tails of a script: opened and ended over the API, listened to over a WebSocket whose URL carries its own token. */
import { bodyMembers } from "./body.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { exclusive } from "./exclusive.ts";
import { findScript } from "./find.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { readFilters } from "./tail-filters.ts";
import type { TailSession } from "./tail-sessions.ts";

/** Where the WebSockets are. */
export const tailPath = "/portico/tails/";

const shown = ({ id, expires, token }: TailSession, origin: string): Readonly<Record<string, unknown>> => ({
  ...{ id, url: `${origin.replace(/^http/, "ws")}${tailPath}${id}?token=${token}`, expires_at: new Date(expires).toISOString() },
});

const createTail: Operation = (call, edge) => {
  const { name } = findScript(call, edge);
  const members = bodyMembers(call, 10057);
  const filters = readFilters(members.list("filters") ?? []);
  members.end();
  const session = edge.tails.open(name, filters, edge.clock.now());
  if (!session) throw new CloudflareError(10059, 400, "This Worker has ten tails already.");
  return { result: shown(session, call.origin) };
};

const deleteTail: Operation = (call, edge) => {
  const { name } = findScript(call, edge);
  const id = call.path["tail"] ?? "";
  if (edge.tails.find(id, edge.clock.now())?.script !== name)
    throw new CloudflareError(10058, 404, "The tail does not exist or has expired.");
  edge.tails.end(id);
  return { result: null };
};

const tails = "/accounts/{account}/workers/scripts/{script}/tails";

export const tailTable: OperationTable = {
  createTail: writes(`POST ${tails}`, exclusive(createTail)),
  listTails: reads(`GET ${tails}`, (call, edge) => ({
    result: edge.tails.of(findScript(call, edge).name).map((session) => shown(session, call.origin)),
  })),
  deleteTail: writes(`DELETE ${tails}/{tail}`, exclusive(deleteTail)),
};
