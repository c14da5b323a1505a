/** Operations on the tails of a script. A client then reads a tail over a WebSocket whose URL carries its own token. */
import { CloudflareError } from "./cloudflare-error.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { withScriptLock } from "./script-lock.ts";
import { findScript } from "./script-lookup.ts";
import { readTraceFilters } from "./tail-filters.ts";
import type { TailSession } from "./tail-sessions.ts";

/** Path of the WebSockets on the control port. */
export const tailPath = "/portico/tails/";

const tailJson = ({ id, expires, token }: TailSession, origin: string): Readonly<Record<string, unknown>> => ({
  id,
  url: `${origin.replace(/^http/, "ws")}${tailPath}${id}?token=${token}`,
  expires_at: new Date(expires).toISOString(),
});

const createTail: Operation<"scripts", "clock" | "tails"> = (call, state, { clock, tails }) => {
  const { name } = findScript(call, state);
  const members = bodyMembers(call, 10057);
  const filters = readTraceFilters(members.list("filters") ?? []);
  members.end();
  const session = tails.open(name, filters, clock.now());
  if (!session) throw new CloudflareError(10059, 400, "This Worker has ten tails already.");
  return { result: tailJson(session, call.origin) };
};

const listTails: Operation<"scripts", "tails"> = (call, state, { tails }) => ({
  result: tails.of(findScript(call, state).name).map((session) => tailJson(session, call.origin)),
});

const deleteTail: Operation<"scripts", "clock" | "tails"> = (call, state, { clock, tails }) => {
  const { name } = findScript(call, state);
  const id = call.path["tail"] ?? "";
  if (tails.find(id, clock.now())?.script !== name)
    throw new CloudflareError(10058, 404, "The tail does not exist or has expired.");
  tails.end(id);
  return { result: null };
};

const path = "/accounts/{account}/workers/scripts/{script}/tails";

export const tailOperations: OperationTable = {
  createTail: writes(`POST ${path}`, withScriptLock(createTail)),
  listTails: reads(`GET ${path}`, listTails),
  deleteTail: writes(`DELETE ${path}/{tail}`, withScriptLock(deleteTail)),
};
