/** The rules of statements: which the live release survives. What is unknown is contract. */
import type {
  AlterDefaultPrivilegesStmt,
  AlterEnumStmt,
  AlterTableStmt,
  CreateDomainStmt,
  CreateFunctionStmt,
  CreateSchemaStmt,
  CreateSeqStmt,
  CreateStmt,
  CreateTableAsStmt,
  DropStmt,
  GrantStmt,
  IndexStmt,
  Node,
  RangeVar,
  RenameStmt,
  TruncateStmt,
  VariableSetStmt,
  ViewStmt,
} from "libpg-query";
import { alteredTable, liveReferences } from "./altered-table.ts";
import { dataStatement, indexed } from "./data-rules.ts";
import { nameOf } from "./expression.ts";
import { isFresh, isFreshTable, type KnownObjects, remember, tableName } from "./known-objects.ts";
import type { Tree } from "./sql-parser.ts";
import { contract, expand, refused, steps, type Verdict, warned } from "./verdict.ts";

/** Judges one statement, and remembers what it makes. */
export function judge({ type, node }: Tree, known: KnownObjects): Verdict {
  const rule = Object.hasOwn(rules, type) ? rules[type] : undefined;
  if (rule) return rule(node as never, known);
  return onOwnTable(node, known) ? expand : contract(`is a statement that is not known to be harmless (${type})`);
}

type Rule = (node: never, known: KnownObjects) => Verdict;

const always =
  (verdict: Verdict): Rule =>
  () =>
    verdict;

const ownTransaction = refused("cannot run in a transaction, and a file is one", "Run it by hand with psql.");

const rules: Readonly<Record<string, Rule>> = {
  TransactionStmt: always(
    refused(
      "begins or ends a transaction; each file is one already",
      "Delete it; split the file where a part must be kept.",
    ),
  ),
  AlterTableStmt: (node: AlterTableStmt, known) => alteredTable(node, known),
  CreateStmt: createdTable,
  CreateTableAsStmt: createdFromQuery,
  IndexStmt: (node: IndexStmt, known) => indexed(node, known),
  ViewStmt: createdView,
  CreateEnumStmt: (node: { typeName?: Node[] }, known) => createdType(nameOf(node.typeName), known),
  CompositeTypeStmt: (node: { typevar?: RangeVar }, known) =>
    createdType(node.typevar ? tableName(node.typevar) : "", known),
  CreateRangeStmt: (node: { typeName?: Node[] }, known) => createdType(nameOf(node.typeName), known),
  CreateDomainStmt: createdDomain,
  CreateSeqStmt: createdSequence,
  CreateSchemaStmt: ({ schemaElts = [] }: CreateSchemaStmt) =>
    schemaElts.length ? contract("makes a schema with objects in it", "Write a statement for each object.") : expand,
  CreateFunctionStmt: createdFunction,
  CreateExtensionStmt: always(expand),
  CreateStatsStmt: always(expand),
  CommentStmt: always(expand),
  ConstraintsSetStmt: always(expand),
  AlterEnumStmt: ({ oldVal }: AlterEnumStmt) =>
    oldVal ? contract("renames a value that the live release writes", steps.rename) : expand,
  GrantStmt: ({ is_grant }: GrantStmt) => (is_grant ? granted : revoked),
  GrantRoleStmt: ({ is_grant }: { is_grant?: boolean }) => (is_grant ? granted : revoked),
  AlterDefaultPrivilegesStmt: ({ action }: AlterDefaultPrivilegesStmt) => (action?.is_grant ? granted : revoked),
  DropStmt: dropped,
  RenameStmt: renamed,
  TruncateStmt: ({ relations = [] }: TruncateStmt, known) =>
    relations.every((one) => "RangeVar" in one && isFreshTable(known, one.RangeVar))
      ? expand
      : contract("deletes all rows that the live release reads"),
  VariableSetStmt: settings,
  VacuumStmt: ({ is_vacuumcmd }: { is_vacuumcmd?: boolean }) => (is_vacuumcmd ? ownTransaction : expand),
  CreatedbStmt: always(ownTransaction),
  DropdbStmt: always(ownTransaction),
  AlterSystemStmt: always(ownTransaction),
  CreateTableSpaceStmt: always(ownTransaction),
  DropTableSpaceStmt: always(ownTransaction),
  CopyStmt: always(refused("copies rows from or to a file, which no release has", "Write INSERT statements.")),
  InsertStmt: dataStatement("InsertStmt"),
  UpdateStmt: dataStatement("UpdateStmt"),
  DeleteStmt: dataStatement("DeleteStmt"),
  MergeStmt: dataStatement("MergeStmt"),
  SelectStmt: dataStatement("SelectStmt"),
};

const granted = warned(
  "gives rights, which belong to roles and not to a release",
  "Check that the role exists at each stage.",
);
const revoked = contract("takes rights that the live release may use");

/** CREATE TRIGGER, RULE or POLICY, ALTER SEQUENCE: harmless for what was made in the same file. */
function onOwnTable(node: unknown, known: KnownObjects): boolean {
  const { relation, table, sequence } = node as Partial<Record<"relation" | "table" | "sequence", RangeVar>>;
  if (sequence) return isFresh(known, "SEQUENCE", tableName(sequence));
  return isFreshTable(known, relation ?? table);
}

function createdTable(
  { relation, tableElts = [], inhRelations = [], partbound, if_not_exists }: CreateStmt,
  known: KnownObjects,
): Verdict {
  const isTied = inhRelations.some((one) => !("RangeVar" in one && isFreshTable(known, one.RangeVar)));
  // Before its foreign keys are judged: one to the table itself is to no other one.
  if (relation && !isTied) remember(known, "TABLE", tableName(relation), if_not_exists);
  const verdict = relation ? liveReferences(relation, tableElts, known) : expand;
  if (!isTied) return verdict;
  return partbound && !tableElts.length
    ? warned("makes a partition, for which its table is locked", "Do it before rows for it arrive.")
    : contract("ties a new table to one whose queries the live release makes");
}

function createdFromQuery({ query, into, objtype, if_not_exists }: CreateTableAsStmt, known: KnownObjects): Verdict {
  const kind = objtype === "OBJECT_MATVIEW" ? "MATVIEW" : "TABLE";
  if (into?.rel) remember(known, kind, tableName(into.rel), if_not_exists);
  return query ? judge({ type: Object.keys(query)[0] ?? "", node: Object.values(query)[0] }, known) : expand;
}

function createdView({ view, replace }: ViewStmt, known: KnownObjects): Verdict {
  const name = view ? tableName(view) : "";
  if (replace && !isFresh(known, "VIEW", name))
    return contract("replaces a view that the live release may read", "Make a view of another name: CREATE VIEW.");
  remember(known, "VIEW", name);
  return expand;
}

function createdType(name: string, known: KnownObjects): Verdict {
  known.types.add(name);
  remember(known, "TYPE", name);
  return expand;
}

function createdDomain({ domainname, constraints = [] }: CreateDomainStmt, known: KnownObjects): Verdict {
  const name = nameOf(domainname);
  (constraints.length ? known.domains : known.types).add(name);
  remember(known, "DOMAIN", name);
  return expand;
}

function createdSequence({ sequence, if_not_exists }: CreateSeqStmt, known: KnownObjects): Verdict {
  if (sequence) remember(known, "SEQUENCE", tableName(sequence), if_not_exists);
  return expand;
}

/** One more function of a name can make calls of the live release ambiguous. */
function createdFunction({ funcname, replace }: CreateFunctionStmt, known: KnownObjects): Verdict {
  const name = nameOf(funcname);
  const isKnown = known.functions.has(name);
  known.functions.add(name);
  if (replace && !isFresh(known, "FUNCTION", name))
    return contract("replaces a function that the live release may call", "Make one of another name: CREATE FUNCTION.");
  if (isKnown && !replace)
    return contract("makes one more function of a name that the live release may call", "Give it a name of its own.");
  remember(known, "FUNCTION", name);
  return expand;
}

function dropped({ removeType, objects = [] }: DropStmt, known: KnownObjects): Verdict {
  const kind = removeType?.replace("OBJECT_", "") ?? "";
  const names = objects.map(objectName);
  if (names.every((name) => isFresh(known, kind, name))) {
    for (const name of names) known.fresh.delete(`${kind} ${name}`);
    return expand;
  }
  return contract(
    `drops a ${kind.toLowerCase().replace("matview", "materialized view")} that the live release may use`,
    steps.drop,
  );
}

function objectName(node: Node): string {
  if ("List" in node) return nameOf(node.List.items);
  if ("TypeName" in node) return nameOf(node.TypeName.names);
  return "ObjectWithArgs" in node ? nameOf(node.ObjectWithArgs.objname) : "";
}

function renamed({ renameType, relation, newname = "" }: RenameStmt, known: KnownObjects): Verdict {
  if (!relation || !isFreshTable(known, relation))
    return contract("renames what the live release may use", steps.rename);
  if (renameType === "OBJECT_TABLE") {
    known.fresh.delete(`TABLE ${tableName(relation)}`);
    known.fresh.add(`TABLE ${tableName({ ...relation, relname: newname })}`);
  }
  return expand;
}

/** Names mean other things once search_path is set: what was made in the file is not known by them any more. */
function settings({ kind, name = "", is_local }: VariableSetStmt, known: KnownObjects): Verdict {
  if (name === "search_path") known.fresh.clear();
  if (!is_local || kind === "VAR_SET_MULTI")
    return refused("sets something that outlives the file's transaction", "Write SET LOCAL.");
  if (name === "lock_timeout" || name === "statement_timeout")
    return refused(
      `sets ${name}, which Portico sets so that no query of the live release waits for long`,
      "Delete it.",
    );
  return name === "role" || name === "session_authorization" ? contract("acts as another role") : expand;
}
