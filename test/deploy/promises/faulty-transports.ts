/**
 * Transports between a run and the cloud that stop at a call, or let a share of calls fail as the SDK would report it.
 */
import { isWrite, type Transport } from "./row.ts";

/** Where it stands still, and how it goes on. */
export interface PausedTransport {
  readonly transport: Transport;
  /** Resolves with the operation of the call that waits. */
  readonly reached: Promise<string>;
  resume(): void;
}

/** @param at the call, from 1; it and whatever comes after it waits, or with `only` it alone */
export function pausedTransport({
  at,
  only = false,
}: {
  readonly at: number;
  readonly only?: boolean;
}): PausedTransport {
  const reached = Promise.withResolvers<string>();
  const going = Promise.withResolvers<void>();
  let calls = 0;
  return {
    reached: reached.promise,
    resume: going.resolve,
    async transport({ operation }, send) {
      calls += 1;
      if (calls === at) reached.resolve(operation);
      if (only ? calls === at : calls >= at) await going.promise;
      return send();
    },
  };
}

/** @param random 0 to below 1 @param share of the calls, 0 to 1 */
export function faultyTransport(random: () => number, share: number): Transport {
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
  return Object.assign(new Error("injected"), {
    name: name(service),
    $fault: "client",
    $metadata: { httpStatusCode: status },
  });
}

const refusals: Readonly<Record<Exclude<Kind, "reset">, readonly [number, (service: string) => string]>> = {
  throttle: [429, () => "TooManyRequestsException"],
  broken: [500, () => "ServiceException"],
  conflict: [409, (service) => conflicts[service]!],
};

/** Refusals of something that is just being changed, by service. */
const conflicts: Readonly<Record<string, string>> = {
  lambda: "ResourceConflictException",
  apigateway: "ConflictException",
};
