/** Point-in-time recovery: UpdateContinuousBackups and DescribeContinuousBackups. Nothing can be restored here. */
import { dynamoError } from "../../../emulation/dynamodb/errors.ts";
import type { Uses } from "../backends.ts";
import type { JsonOperation } from "../json-protocol.ts";
import type { TableRecord } from "../records.ts";
import { memberError } from "./errors.ts";
import { findTable } from "./table-records.ts";
import { readTableName } from "./tables.ts";

type BackupUseName = "tables" | "items" | "clock" | "latency";

/** These operations have an error of their own for a table that does not exist. */
function requireTable(name: string, { tables, items, clock }: Uses<BackupUseName>): TableRecord {
  const table = findTable(name, { tables, items, clock });
  if (!table) throw dynamoError("TableNotFoundException", `Table not found: ${name}`);
  return table;
}

export const updateContinuousBackups: JsonOperation<BackupUseName> = (members, uses) => {
  const name = readTableName(members);
  const specification = members.structure("PointInTimeRecoverySpecification");
  if (!specification) throw memberError("PointInTimeRecoverySpecification", null, "Member must not be null");
  const enabled = specification.flag("PointInTimeRecoveryEnabled");
  const days = specification.integer("RecoveryPeriodInDays", 1, 35);
  specification.end();
  members.end();
  if (enabled === undefined) {
    const member = "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled";
    throw memberError(member, null, "Member must not be null");
  }
  const table = requireTable(name, uses);
  const now = uses.clock.now();
  // A new table's backups become available some time after the table.
  if (now < table.readyAt + uses.latency.table) {
    const rule = `Backups are being enabled for the table: ${name}. Please retry later`;
    throw dynamoError("ContinuousBackupsUnavailableException", rule);
  }
  const { recovery: before, ...rest } = table;
  const recovery = { since: before?.since ?? now, days: days ?? before?.days ?? 35 };
  return describe(uses.tables.put(name, enabled ? { ...rest, recovery } : rest), now);
};

export const describeContinuousBackups: JsonOperation<BackupUseName> = (members, uses) => {
  const name = readTableName(members);
  members.end();
  return describe(requireTable(name, uses), uses.clock.now());
};

function describe({ recovery }: TableRecord, now: number): Record<string, unknown> {
  const PointInTimeRecoveryDescription = recovery
    ? {
        PointInTimeRecoveryStatus: "ENABLED",
        RecoveryPeriodInDays: recovery.days,
        EarliestRestorableDateTime: Math.max(recovery.since, now - recovery.days * 86_400_000) / 1000,
        LatestRestorableDateTime: now / 1000,
      }
    : { PointInTimeRecoveryStatus: "DISABLED" };
  return { ContinuousBackupsDescription: { ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription } };
}
