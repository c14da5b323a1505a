/** Bad weather on our side of the wire: a share of calls that are refused, cut, or whose answers are lost, as the SDK would tell it. */
import { isWrite, type Transport } from "./world.ts";

/** @param random 0 to below 1 @param share of the calls, 0 to 1 */
export function badTransport(random: () => number, share: number): Transport {
  return async (call, send) => {
    if (random() >= share) return send();
    const [before, after] = kinds[Math.floor(random() * kinds.length)]!;
    if (before === "conflict" && !(isWrite(call) && Object.hasOwn(conflicts, call.service))) return send();
    if (before !== undefined) throw toError(before, call.service);
    await send();
    throw toError(after, call.service);
  };
}

type Kind = "throttle" | "broken" | "conflict" | "reset";

/** What goes wrong before the call takes effect, or after it. */
const kinds: readonly (readonly [Kind] | readonly [undefined, Kind])[] = [
  ["throttle"],
  ["broken"],
  ["conflict"],
  ["reset"],
  [undefined, "reset"],
  [undefined, "reset"],
];

function toError(kind: Kind, service: string): Error {
  if (kind === "reset") return Object.assign(new Error("injected"), { code: "ECONNRESET" });
  const [status, name] = refusals[kind];
  return Object.assign(new Error("injected"), { name: name(service), $fault: "client", $metadata: { httpStatusCode: status } });
}

const refusals: Readonly<Record<Exclude<Kind, "reset">, readonly [number, (service: string) => string]>> = {
  throttle: [429, () => "TooManyRequestsException"],
  broken: [500, () => "ServiceException"],
  conflict: [409, (service) => conflicts[service]!],
};

/** Of what is just being changed (facts/aws.md sections 1.3 and 3.1). */
const conflicts: Readonly<Record<string, string>> = { lambda: "ResourceConflictException", apigateway: "ConflictException" };
