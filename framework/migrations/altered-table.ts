/** The rules of ALTER TABLE on a table that exists already, one command at a time. */
import type { AlterTableCmd, AlterTableStmt, Constraint, Node, RangeVar } from "libpg-query";
import { addedColumn, foreignKey } from "./added-column.ts";
import { namesOf } from "./expression.ts";
import { isFresh, isFreshTable, type KnownObjects, tableName } from "./known-objects.ts";
import { contract, expand, gravest, steps, type Verdict } from "./verdict.ts";

/** A statement has the gravest verdict of its commands. */
export function alteredTable({ relation, cmds = [], objtype }: AlterTableStmt, known: KnownObjects): Verdict {
  const commands = cmds.flatMap((node) => ("AlterTableCmd" in node ? [node.AlterTableCmd] : []));
  if (objtype !== "OBJECT_TABLE") {
    const kind = objtype?.replace("OBJECT_", "") ?? "";
    const isOwn = relation !== undefined && isFresh(known, kind, tableName(relation));
    return isOwn ? expand : contract(`alters a ${kind.toLowerCase()}`);
  }
  if (relation && isFreshTable(known, relation))
    return gravest(commands.map((command) => onFreshTable(command, relation, known)));
  if (relation && !commands.every(isLockedShortly)) known.locked.add(tableName(relation));
  return gravest(commands.map((command) => onLiveTable(command, known)));
}

/** Only what reaches from a table that nobody has yet to one that the live release has. */
function onFreshTable({ subtype, def }: AlterTableCmd, table: RangeVar, known: KnownObjects): Verdict {
  if (subtype === "AT_AddInherit" || subtype === "AT_AttachPartition" || subtype === "AT_DetachPartition")
    return contract("ties the table to one whose queries the live release makes");
  return liveReferences(table, def ? [def] : [], known);
}

interface TableConstraint {
  readonly constraint: Constraint;
  /** Its names: of a constraint beside its column, that column's. */
  readonly columns: readonly string[];
}

function constraintsOf(node: Node): readonly TableConstraint[] {
  if ("Constraint" in node) {
    const { Constraint: constraint } = node;
    return [{ constraint, columns: namesOf(constraint.fk_attrs ?? constraint.keys) }];
  }
  if (!("ColumnDef" in node)) return [];
  const { colname = "", constraints = [] } = node.ColumnDef;
  return constraints.flatMap((one) =>
    "Constraint" in one ? [{ constraint: one.Constraint, columns: [colname] }] : [],
  );
}

/** Foreign keys of a table that nobody has yet to tables of the live release. @param elements columns, constraints */
export function liveReferences(table: RangeVar, elements: readonly Node[], known: KnownObjects): Verdict {
  const all = elements.flatMap(constraintsOf);
  const keyOf = (column: string): string => `${tableName(table)}.${column}`;
  for (const { constraint, columns } of all)
    if (constraint.contype === "CONSTR_NOTNULL" || constraint.contype === "CONSTR_PRIMARY")
      for (const column of columns) known.required.add(keyOf(column));
  const references = all.filter(
    ({ constraint: { contype, pktable } }) => contype === "CONSTR_FOREIGN" && !isFreshTable(known, pktable),
  );
  return gravest(
    references.map(({ constraint, columns }) =>
      foreignKey(
        constraint,
        known,
        columns.some((column) => known.required.has(keyOf(column))),
      ),
    ),
  );
}

const commandRules: Readonly<Partial<Record<NonNullable<AlterTableCmd["subtype"]>, Verdict>>> = {
  AT_DropNotNull: expand,
  AT_ValidateConstraint: expand,
  AT_SetStatistics: expand,
  AT_SetStorage: expand,
  AT_SetCompression: expand,
  AT_SetOptions: expand,
  AT_ResetOptions: expand,
  AT_ClusterOn: expand,
  AT_DropColumn: contract("drops a column that the live release may use", steps.dropColumn),
  AT_AlterColumnType: contract("changes the type of a column", steps.type),
  AT_SetNotNull: contract("refuses NULL, which the live release may write", steps.setNotNull),
  AT_ColumnDefault: contract("changes a default that the live release's inserts may rely on"),
  AT_DropConstraint: contract("drops a constraint that the live release may rely on, such as by ON CONFLICT"),
  AT_AddIdentity: contract("numbers a column that the live release may write"),
  AT_DropIdentity: contract("drops the numbers of a column that the live release does not write"),
  AT_DropExpression: contract("makes a generated column a plain one, which the live release does not write"),
  AT_EnableRowSecurity: contract("hides rows from the live release"),
  AT_ForceRowSecurity: contract("hides rows from the live release"),
};

/** Their locks let reads and writes pass. */
const isLockedShortly = ({ subtype }: AlterTableCmd): boolean =>
  ["AT_ValidateConstraint", "AT_SetStatistics", "AT_SetOptions", "AT_ResetOptions", "AT_ClusterOn"].includes(
    subtype ?? "",
  );

function onLiveTable({ subtype, def }: AlterTableCmd, known: KnownObjects): Verdict {
  if (subtype === "AT_AddColumn" && def && "ColumnDef" in def) return addedColumn(def.ColumnDef, known);
  if (subtype === "AT_AddConstraint" && def && "Constraint" in def) return addedConstraint(def.Constraint.contype);
  if (subtype === "AT_SetRelOptions" || subtype === "AT_ResetRelOptions") return storage(def);
  const rule = subtype && commandRules[subtype];
  return rule ?? contract(`alters a table in a way that is not known to be harmless (${subtype?.replace("AT_", "")})`);
}

function addedConstraint(type: string | undefined): Verdict {
  if (type === "CONSTR_UNIQUE" || type === "CONSTR_PRIMARY" || type === "CONSTR_EXCLUSION")
    return contract("refuses rows that are equal, which the live release may write", steps.unique);
  if (type === "CONSTR_NOTNULL") return contract("refuses NULL, which the live release may write", steps.setNotNull);
  return contract(
    type === "CONSTR_FOREIGN"
      ? "refuses rows without their counterpart, which the live release may write"
      : "refuses rows that the live release may write",
    steps.constraint,
  );
}

/** `fillfactor` and the settings of autovacuum. */
function storage(def: Node | undefined): Verdict {
  const options = def && "List" in def ? (def.List.items ?? []) : [];
  const isKnown = (node: Node): boolean =>
    "DefElem" in node &&
    /^(fillfactor|autovacuum_\w+|toast_tuple_target|parallel_workers)$/.test(node.DefElem.defname ?? "");
  return options.every(isKnown) ? expand : contract("changes an option of a table that is not known to be harmless");
}
