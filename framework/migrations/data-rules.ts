/** The rules of statements that read and write rows, and of indexes. */
import type { DeleteStmt, FuncCall, IndexStmt, InsertStmt, Node } from "libpg-query";
import { cannotFail, nameOf } from "./expression.ts";
import { isFresh, isFreshTable, type KnownObjects, remember, tableName } from "./known-objects.ts";
import { findTrees, type Tree } from "./sql-parser.ts";
import { contract, expand, gravest, steps, type Verdict, warned } from "./verdict.ts";

const writes = new Set(["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);
const calls = new Set(["FuncCall"]);

/** The rule of a statement whose parts may write, too: `WITH gone AS (DELETE …) INSERT …`. */
export const dataStatement =
  (type: string) =>
  (node: never, known: KnownObjects): Verdict => {
    const parts: readonly Tree[] = [...(writes.has(type) ? [{ type, node }] : []), ...findTrees(node, writes)];
    return gravest([...parts.map((part) => written(part, known)), called(node, known), locking(node)]);
  };

function written({ type, node }: Tree, known: KnownObjects): Verdict {
  const { relation } = node as InsertStmt | DeleteStmt;
  if (isFreshTable(known, relation)) return expand;
  if (type === "DeleteStmt") return contract("deletes rows that the live release may read");
  if (type === "MergeStmt") return contract("merges rows into a table of the live release");
  return type === "InsertStmt"
    ? warned("inserts rows into a table of the live release", "Take keys that it does not write.")
    : warned("updates rows: each is locked until the file ends", "Update some thousand at a time, a file each.");
}

/** Functions of Postgres that change nothing; of others nobody knows what they do. */
const harmless = new Set(
  (
    "now transaction_timestamp clock_timestamp statement_timestamp gen_random_uuid uuidv4 uuidv7 random lower upper " +
    "initcap length char_length btrim ltrim rtrim replace split_part substring regexp_replace concat concat_ws " +
    "format md5 sha256 encode decode abs ceil floor round greatest least count sum avg min max string_agg array_agg " +
    "row_number rank generate_series unnest array_length cardinality to_char to_date to_timestamp date_trunc extract " +
    "date_part age make_date make_interval to_json to_jsonb jsonb_build_object json_build_object jsonb_build_array " +
    "jsonb_agg json_agg jsonb_set row_to_json to_tsvector nextval currval lastval version current_schema timezone " +
    "pg_get_serial_sequence position overlay left right lpad rpad translate reverse"
  ).split(" "),
);

function called(node: unknown, known: KnownObjects): Verdict {
  const names = findTrees(node, calls).map((tree) => nameOf((tree.node as FuncCall).funcname));
  if (names.includes("set_config")) known.fresh.clear();
  const unknown = names.find((name) => !harmless.has(name));
  return unknown === undefined ? expand : contract(`calls ${unknown}(), and nobody knows what that does`);
}

/** `SELECT … FOR UPDATE`, and `SELECT … INTO`. */
const locking = (node: unknown): Verdict =>
  findTrees(node, new Set(["lockingClause", "intoClause"])).length
    ? contract("locks rows, or makes a table by SELECT … INTO", "Write CREATE TABLE … AS.")
    : expand;

/** CREATE INDEX. */
export function indexed(node: IndexStmt, known: KnownObjects): Verdict {
  const { relation, unique, concurrent, idxname, if_not_exists, accessMethod, indexParams = [], whereClause } = node;
  if (isFreshTable(known, relation) || (relation && isFresh(known, "MATVIEW", tableName(relation)))) {
    if (idxname !== undefined) remember(known, "INDEX", idxname, if_not_exists);
    return expand;
  }
  if (unique) return contract("refuses rows that are equal, which the live release may write", steps.unique);
  const parts = [...indexParams.map(expressionOf), whereClause].filter((one) => one !== undefined);
  if (parts.some((one) => !cannotFail(one)))
    return warned(
      "makes an index of an expression that can fail, and with it writes of the live release",
      "Index a column; or see that the expression takes every value.",
    );
  if (concurrent) return expand;
  if (relation) known.locked.add(tableName(relation));
  const long = accessMethod === "btree" ? "; a btree refuses texts of more than 2,700 bytes" : "";
  return warned(`makes an index, and no row can be written until it is there${long}`, `${steps.concurrently}.`);
}

const expressionOf = (node: Node): Node | undefined => ("IndexElem" in node ? node.IndexElem.expr : undefined);
