/** What can be said of an SQL expression without a database: constant, cannot fail, holds for a new column. */
import type { A_Const, A_Expr, BoolExpr, ColumnRef, FuncCall, Node, TypeName } from "libpg-query";

/** Parts of a name: `pg_catalog`, `int4`. */
export const namesOf = (nodes: readonly Node[] | undefined): readonly string[] =>
  (nodes ?? []).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []));

/** A name without the schemas in which Postgres's own and most tables are. */
export const nameOf = (nodes: readonly Node[] | undefined): string =>
  namesOf(nodes)
    .filter((part, at, all) => at === all.length - 1 || !["pg_catalog", "public"].includes(part))
    .join(".");

/** Equal for all rows of one statement, and cheap to add to a table: a constant, or the time of the transaction. */
export function isStable(node: Node): boolean {
  if ("A_Const" in node || "SQLValueFunction" in node) return true;
  if ("TypeCast" in node) return node.TypeCast.arg !== undefined && isStable(node.TypeCast.arg);
  if ("A_ArrayExpr" in node) return (node.A_ArrayExpr.elements ?? []).every(isStable);
  if ("A_Expr" in node) return isSign(node.A_Expr);
  return "FuncCall" in node && ["now", "transaction_timestamp"].includes(nameOf(node.FuncCall.funcname));
}

const isSign = ({ lexpr, rexpr, name }: A_Expr): boolean =>
  lexpr === undefined && rexpr !== undefined && ["+", "-"].includes(nameOf(name)) && isStable(rexpr);

/** `NULL`, or a cast of it. */
export const isNull = (node: Node): boolean =>
  "A_Const" in node
    ? node.A_Const.isnull === true
    : "TypeCast" in node && node.TypeCast.arg !== undefined && isNull(node.TypeCast.arg);

/** The value of a constant. */
export function valueOf(node: Node): string | number | boolean | undefined {
  if ("TypeCast" in node) return node.TypeCast.arg && valueOf(node.TypeCast.arg);
  return "A_Const" in node ? constant(node.A_Const) : undefined;
}

function constant(value: A_Const): string | number | boolean | undefined {
  if (value.ival) return value.ival.ival ?? 0;
  if (value.fval) return Number(value.fval.fval);
  if (value.boolval) return value.boolval.boolval ?? false;
  return value.sval?.sval;
}

const comparisons = new Set(["=", "<>", "!=", "<", ">", "<=", ">="]);
const strictOperators = new Set([...comparisons, "~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*"]);
const strictFunctions = new Set(["length", "char_length", "octet_length", "lower", "upper", "btrim", "ltrim", "rtrim"]);

/** True only where a CHECK passes for rows whose new column is NULL: each comparison is about it, and strict. */
export function holdsForNull(node: Node, column: string): boolean {
  if ("BoolExpr" in node) return (node.BoolExpr.args ?? []).every((arg) => holdsForNull(arg, column));
  if (!("A_Expr" in node)) return false;
  const { kind, name, lexpr, rexpr } = node.A_Expr;
  if (!lexpr || !rexpr) return false;
  if (kind === "AEXPR_OP" && strictOperators.has(nameOf(name)))
    return (isStrict(lexpr, column) && isConst(rexpr)) || (isConst(lexpr) && isStrict(rexpr, column));
  if (kind === "AEXPR_LIKE" || kind === "AEXPR_ILIKE") return isStrict(lexpr, column) && isConst(rexpr);
  const isList = kind === "AEXPR_IN" || kind === "AEXPR_BETWEEN";
  return isList && isStrict(lexpr, column) && items(rexpr).every(isConst);
}

const items = (node: Node): readonly Node[] => ("List" in node ? (node.List.items ?? []) : [node]);

/** NULL where the column is. */
function isStrict(node: Node, column: string): boolean {
  if ("ColumnRef" in node) return isColumn(node.ColumnRef, column);
  if ("TypeCast" in node) return node.TypeCast.arg !== undefined && isStrict(node.TypeCast.arg, column);
  if (!("FuncCall" in node)) return false;
  const { funcname, args = [] } = node.FuncCall;
  return strictFunctions.has(nameOf(funcname)) && args.length === 1 && isStrict(args[0]!, column);
}

/** A constant that is not NULL; a cast of one could be of a type of the app's own. */
const isConst = (node: Node): boolean => valueOf(node) !== undefined;

const isColumn = ({ fields }: ColumnRef, column: string): boolean => namesOf(fields).join(".") === column;

/** True only where a CHECK passes for a constant: comparisons of the column itself with constants of the same type. */
export function holdsFor(node: Node, column: string, value: string | number | boolean): boolean {
  if ("BoolExpr" in node) return holdsTogether(node.BoolExpr, column, value);
  if (!("A_Expr" in node)) return false;
  const { kind, name, lexpr, rexpr } = node.A_Expr;
  if (!lexpr || !rexpr || !("ColumnRef" in lexpr) || !isColumn(lexpr.ColumnRef, column)) return false;
  const values = items(rexpr).map(valueOf);
  if (kind === "AEXPR_IN") return nameOf(name) === "=" && values.includes(value);
  // Texts are compared by the rules of a language.
  if (typeof value === "boolean" || values.some((one) => typeof one !== typeof value)) return false;
  if (kind === "AEXPR_BETWEEN" && typeof value === "number")
    return value >= (values[0] as number) && value <= (values[1] as number);
  return kind === "AEXPR_OP" && compares(nameOf(name), value, values[0]!);
}

function holdsTogether({ boolop, args = [] }: BoolExpr, column: string, value: string | number | boolean): boolean {
  if (boolop === "AND_EXPR") return args.every((arg) => holdsFor(arg, column, value));
  return boolop === "OR_EXPR" && args.some((arg) => holdsFor(arg, column, value));
}

function compares(operator: string, value: string | number, other: string | number | boolean): boolean {
  if (operator === "=") return value === other;
  if (typeof value === "string") return ["<>", "!="].includes(operator) && value !== other;
  const number = other as number;
  if (operator === "<>") return value !== number;
  if (operator === "<") return value < number;
  if (operator === "<=") return value <= number;
  return operator === ">" ? value > number : operator === ">=" && value >= number;
}

const safeFunctions = new Set(["lower", "upper", "btrim", "ltrim", "rtrim", "length", "char_length", "md5"]);

/** True only where no row can make the expression fail: no arithmetic, casts or functions of an unknown kind. */
export function cannotFail(node: Node): boolean {
  if ("ColumnRef" in node || "A_Const" in node) return true;
  if ("CoalesceExpr" in node) return (node.CoalesceExpr.args ?? []).every(cannotFail);
  if ("BoolExpr" in node) return (node.BoolExpr.args ?? []).every(cannotFail);
  if ("NullTest" in node) return node.NullTest.arg !== undefined && cannotFail(node.NullTest.arg);
  if ("FuncCall" in node) return isSafeCall(node.FuncCall);
  if (!("A_Expr" in node)) return false;
  const { kind, name, lexpr, rexpr } = node.A_Expr;
  const isSafe = kind === "AEXPR_IN" || (kind === "AEXPR_OP" && [...comparisons, "->", "->>"].includes(nameOf(name)));
  return isSafe && lexpr !== undefined && cannotFail(lexpr) && rexpr !== undefined && items(rexpr).every(cannotFail);
}

const isSafeCall = ({ funcname, args = [] }: FuncCall): boolean =>
  safeFunctions.has(nameOf(funcname)) && args.length === 1 && args.every(cannotFail);

/** Without a limit that a text could exceed: `text`, `boolean`. */
export const isUnlimited = (type: TypeName | undefined): boolean =>
  ["text", "bool", "boolean"].includes(nameOf(type?.names)) && !type?.arrayBounds && !type?.typmods;
