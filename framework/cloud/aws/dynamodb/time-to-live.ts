/** Time to Live of tables: UpdateTimeToLive and DescribeTimeToLive. */
import { validation } from "../../../emulation/dynamodb/errors.ts";
import type { JsonOperation } from "../json-protocol.ts";
import type { TableRecord } from "../records.ts";
import { memberError } from "./errors.ts";
import { requireChangeable, requireTable } from "./table-records.ts";
import { readTableName } from "./tables.ts";

/** Milliseconds in which a second change is refused (API reference, "UpdateTimeToLive"). */
const changeInterval = 3_600_000;

export const updateTimeToLive: JsonOperation<"tables" | "items" | "clock" | "latency"> = (
  members,
  { tables, items, clock, latency },
) => {
  const name = readTableName(members);
  const specification = members.structure("TimeToLiveSpecification");
  if (!specification) throw memberError("TimeToLiveSpecification", null, "Member must not be null");
  const enabled = specification.flag("Enabled");
  const attribute = specification.requiredText("AttributeName", { min: 1, max: 255 });
  specification.end();
  members.end();
  if (enabled === undefined) throw memberError("TimeToLiveSpecification.Enabled", null, "Member must not be null");
  const table = requireChangeable(name, { tables, items, clock });
  const now = clock.now();
  checkChange(table, enabled, attribute, now);
  tables.put(name, { ...table, ttl: { attribute, enabled, changedAt: now, readyAt: now + latency.table } });
  return { TimeToLiveSpecification: { Enabled: enabled, AttributeName: attribute } };
};

function checkChange({ ttl }: TableRecord, enabled: boolean, attribute: string, now: number): void {
  if ((ttl?.enabled ?? false) === enabled)
    throw validation(`TimeToLive is already ${enabled ? "enabled" : "disabled"}`);
  if (ttl?.enabled && ttl.attribute !== attribute) {
    const current = `current AttributeName is ${ttl.attribute}`;
    throw validation(`TimeToLive is active on a different AttributeName: ${current}`);
  }
  if (ttl && now - ttl.changedAt < changeInterval)
    throw validation("Time to live has been modified multiple times within a fixed interval");
}

export const describeTimeToLive: JsonOperation<"tables" | "items" | "clock"> = (members, uses) => {
  const name = readTableName(members);
  members.end();
  const { ttl } = requireTable(name, uses);
  const isReady = ttl !== undefined && uses.clock.now() >= ttl.readyAt;
  const [status, changing] = ttl?.enabled ? ["ENABLED", "ENABLING"] : ["DISABLED", "DISABLING"];
  return {
    TimeToLiveDescription: {
      TimeToLiveStatus: ttl === undefined || isReady ? status : changing,
      AttributeName: ttl && (ttl.enabled || !isReady) ? ttl.attribute : undefined,
    },
  };
};
