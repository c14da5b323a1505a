/** A version for one invocation: its record in, a lease of it, started with what is wanted of it right now, out. */
import type { Edge } from "./edge.ts";
import type { VersionRecord } from "./records.ts";
import type { Lease } from "./version-pool.ts";

/** With a tail while somebody listens; open to method calls once a version of any Worker has bound to it. */
export function leaseVersion(version: VersionRecord, edge: Edge): Promise<Lease> {
  const { script } = version;
  return edge.pool.lease(version, { tailed: edge.tails.of(script).length > 0, callable: edge.called.has(script) });
}

/** The scripts that a version binds to. */
export function calledBy({ bindings }: Pick<VersionRecord, "bindings">): readonly string[] {
  return bindings.flatMap(({ type, service }) => (type === "service" ? [service as string] : []));
}
