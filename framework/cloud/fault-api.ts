/** The HTTP API of injected faults, `/portico/faults`: GET shows, PUT replaces and DELETE clears the fault rules. */
import { type HttpRequest, type HttpResponse, jsonResponse } from "../model/http-message.ts";
import { AwsError } from "../emulation/aws/aws-error.ts";
import type { FaultPlan, FaultRule } from "./fault-rules.ts";
import type { Fault } from "./fault.ts";
import type { FaultInjector } from "./fault-injector.ts";
import { isRecord, StructureReader } from "./structure-reader.ts";

/** Requests to this path are signed for the service `portico`. */
const faultsPath = "/portico/faults";

const emptyPlan: FaultPlan = { latency: 0, grants: 0, rules: [] };

/** Answers a request whose signature was verified. Throws AwsError for an invalid plan. */
export function answerFaults({ method, target, body }: HttpRequest, faults: FaultInjector): HttpResponse {
  if (target !== faultsPath) throw invalid(`${target} does not exist; the path is ${faultsPath}`, 404);
  if (method === "PUT") faults.set(readPlan(body));
  else if (method === "DELETE") faults.set(emptyPlan);
  else if (method !== "GET") throw invalid(`${faultsPath} takes GET, PUT and DELETE`, 405);
  return jsonResponse(200, faults.report());
}

function invalid(message: string, status = 400): AwsError {
  return new AwsError("InvalidFaults", status, message);
}

function membersOf(source: unknown, where: string): StructureReader {
  if (!isRecord(source)) throw invalid(`${where} must be an object`);
  return new StructureReader(source, (member, value, rule) =>
    invalid(`${where}.${member} is ${JSON.stringify(value)}: ${rule}`),
  );
}

function readPlan(body: Uint8Array): FaultPlan {
  let source: unknown;
  try {
    source = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch (cause) {
    throw invalid(`the body must be JSON: ${(cause as Error).message}`);
  }
  const members = membersOf(source, "plan");
  const latency = members.integer("latency", 0, 60_000) ?? 0;
  const grants = members.integer("grants", 0, 600_000) ?? 0;
  const rules = members.list("rules") ?? [];
  members.end();
  return { latency, grants, rules: rules.map((rule, index) => readRule(rule, `rules[${index}]`)) };
}

function readRule(source: unknown, where: string): FaultRule {
  const members = membersOf(source, where);
  const service = members.text("service", { min: 1 });
  const operation = members.text("operation", { min: 1 });
  const probability = members.fraction("probability");
  const after = members.integer("after", 0, Number.MAX_SAFE_INTEGER);
  const times = members.integer("times", 0, Number.MAX_SAFE_INTEGER);
  const seed = members.integer("seed", 0, 2 ** 32 - 1);
  const fault = readFault(members.value("fault"), `${where}.fault`);
  members.end();
  return {
    ...(service !== undefined && { service }),
    ...(operation !== undefined && { operation }),
    ...(probability !== undefined && { probability }),
    ...(after !== undefined && { after }),
    ...(times !== undefined && { times }),
    ...(seed !== undefined && { seed }),
    fault,
  };
}

function readFault(source: unknown, where: string): Fault {
  const members = membersOf(source, where);
  const kind = members.requiredText("kind", { oneOf: ["refuse", "reset", "lose", "delay"] });
  const fault =
    kind === "refuse"
      ? readRefusal(members)
      : kind === "delay"
        ? readDelay(members)
        : { kind: kind as "reset" | "lose" };
  members.end();
  return fault;
}

function readDelay(members: StructureReader): Fault {
  return { kind: "delay", milliseconds: members.integer("milliseconds", 0, 600_000) ?? 0 };
}

function readRefusal(members: StructureReader): Fault {
  const headers = members.textMap("headers");
  return {
    kind: "refuse",
    status: members.integer("status", 400, 599) ?? 500,
    code: members.requiredText("code", { pattern: /^[A-Za-z0-9.]{1,100}$/ }),
    message: members.text("message") ?? "Injected by /portico/faults",
    ...(headers && { headers }),
  };
}
