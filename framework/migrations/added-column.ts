/** The rules of ALTER TABLE … ADD COLUMN on a table that exists already. */
import type { ColumnDef, Constraint, Node } from "libpg-query";
import { cannotFail, holdsFor, holdsForNull, isNull, isStable, isUnlimited, nameOf, valueOf } from "./expression.ts";
import { isFreshTable, type KnownObjects, tableName } from "./known-objects.ts";
import { contract, expand, gravest, refused, steps, type Verdict, warned } from "./verdict.ts";

/** Expand only if inserts that do not name the column go on working, and the table is not rewritten. */
export function addedColumn(column: ColumnDef, known: KnownObjects): Verdict {
  const constraints = (column.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
  const one = (type: Constraint["contype"]): Constraint | undefined =>
    constraints.find(({ contype }) => contype === type);
  const given = one("CONSTR_DEFAULT")?.raw_expr;
  const fallback = given && !isNull(given) ? given : undefined;
  if (/^(small|big)?serial[248]?$/.test(nameOf(column.typeName?.names)) || one("CONSTR_IDENTITY"))
    return refused("adds a column that numbers the rows, which rewrites the table under a lock", steps.volatile);
  if (fallback && !isStable(fallback))
    return refused("adds a column with a default that is not a constant: it rewrites the table", steps.volatile);
  const generated = one("CONSTR_GENERATED");
  if (generated) return generatedColumn(column, generated);
  return gravest([
    constraints.some(({ contype }) => contype === "CONSTR_PRIMARY")
      ? contract("adds a primary key, which refuses rows that the live release writes", steps.unique)
      : expand,
    one("CONSTR_NOTNULL") && !fallback
      ? contract("adds a NOT NULL column that the live release does not write", steps.notNull)
      : expand,
    typeOf(column, known),
    ...constraints.map((constraint) => constraintOf(constraint, column, fallback, known)),
  ]);
}

function generatedColumn(column: ColumnDef, { raw_expr, generated_kind }: Constraint): Verdict {
  if (!raw_expr || !cannotFail(raw_expr) || !isUnlimited(column.typeName))
    return contract(
      "adds a generated column whose expression can fail, and with it the live release's writes",
      "Add a plain column that code writes; or compute it in the query.",
    );
  return generated_kind === "v"
    ? expand
    : warned("adds a stored generated column, which rewrites the table", "Write VIRTUAL, or do it at a quiet hour.");
}

const builtIn = new Set(
  (
    "text varchar bpchar char name int int2 int4 int8 integer smallint bigint oid numeric decimal float4 float8 real " +
    "money bool boolean uuid json jsonb bytea date time timetz timestamp timestamptz interval xml inet cidr macaddr " +
    "macaddr8 bit varbit tsvector tsquery point line lseg box path polygon circle regclass int4range int8range " +
    "numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange " +
    "datemultirange pg_lsn jsonpath citext hstore ltree vector halfvec sparsevec geometry geography"
  ).split(" "),
);

/** A domain may refuse NULL and its own default. */
function typeOf({ typeName }: ColumnDef, known: KnownObjects): Verdict {
  const name = nameOf(typeName?.names);
  const isSafe = !known.domains.has(name) && (builtIn.has(name) || known.types.has(name));
  return isSafe
    ? expand
    : contract(`adds a column of type ${name}, which may be a domain that refuses rows of the live release`);
}

function constraintOf(
  constraint: Constraint,
  { colname = "" }: ColumnDef,
  fallback: Node | undefined,
  known: KnownObjects,
): Verdict {
  const { contype, raw_expr, nulls_not_distinct } = constraint;
  if (contype === "CONSTR_UNIQUE" && (fallback || nulls_not_distinct))
    return contract("adds a unique column in which all rows of the live release are equal", steps.unique);
  if (contype === "CONSTR_UNIQUE")
    return warned("adds a unique column: its index is made while the table is locked", steps.concurrently);
  if (contype === "CONSTR_FOREIGN") return reference(constraint, fallback, known);
  if (contype !== "CONSTR_CHECK") return expand;
  const value = fallback && valueOf(fallback);
  const holds = raw_expr && (fallback ? value !== undefined : true);
  if (holds && (value === undefined ? holdsForNull(raw_expr, colname) : holdsFor(raw_expr, colname, value)))
    return expand;
  return contract("adds a CHECK that may refuse what the live release writes", steps.check);
}

function reference(constraint: Constraint, fallback: Node | undefined, known: KnownObjects): Verdict {
  if (fallback)
    return contract("adds a reference with a default, whose row the live release does not know", steps.constraint);
  if (isFreshTable(known, constraint.pktable)) return expand;
  return foreignKey(constraint, known);
}

/** FKCONSTR_ACTION_CASCADE and FKCONSTR_ACTION_SETNULL of Postgres's parsenodes.h. */
const [deletesToo, setsNull] = ["c", "n"];

/**
 * A foreign key from rows that only the next release writes to a table of the live one.
 * @param isRequired true where one of its columns is NOT NULL, which SET NULL cannot be done to
 */
export function foreignKey(
  { pktable, fk_del_action }: Constraint,
  known: KnownObjects,
  isRequired: boolean = false,
): Verdict {
  const name = pktable ? tableName(pktable) : "";
  known.locked.add(name);
  if (fk_del_action === deletesToo || (fk_del_action === setsNull && !isRequired)) return expand;
  return warned(
    `refers to ${name}, whose rows the live release can then not delete where new rows refer to them`,
    isRequired && fk_del_action === setsNull
      ? "Its column is NOT NULL, so that SET NULL fails: say ON DELETE CASCADE, or let the column be NULL."
      : "Say ON DELETE CASCADE or SET NULL where that is right.",
  );
}
