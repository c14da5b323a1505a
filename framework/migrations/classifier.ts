/**
 * Says of each statement of a migration whether the live release goes on working when it ran, and of each file whether
 * its name says so, too. Known breaking statements are found; that nothing can break is not promised.
 */
import { UserError } from "../model/user-error.ts";
import { type KnownObjects, nextFile, noObjects } from "./known-objects.ts";
import type { MigrationFile } from "./migration-file.ts";
import { parseStatements, type Statement } from "./sql-parser.ts";
import { judge } from "./statement-rules.ts";
import { steps, type Verdict } from "./verdict.ts";

/** A statement with its verdict. */
export interface Judged extends Verdict {
  readonly file: string;
  readonly line: number;
  /** Its text. */
  readonly statement: string;
}

/** Something to know about a file that is in order. */
export interface Warning {
  readonly file: string;
  readonly line: number;
  /** A sentence. */
  readonly message: string;
  readonly fix: string;
}

/**
 * Judges the files of an app in their order, the earlier ones first: what they made decides about later ones. Throws
 * UserError MIGRATION_SYNTAX.
 */
export async function judgeMigrations(files: readonly MigrationFile[]): Promise<readonly Judged[]> {
  const known = noObjects();
  const judged: Judged[] = [];
  for (const one of files) {
    nextFile(known);
    judged.push(...(await judgeFile(one, known)));
  }
  return judged;
}

async function judgeFile(file: MigrationFile, known: KnownObjects): Promise<readonly Judged[]> {
  const statements = await parseStatements(file.sql, file.file);
  const judged = statements.map((one): Judged => {
    const verdict = judge(one, known);
    return { ...atStatement(file, one), ...verdict, ...transactionOf(one, file, statements.length) };
  });
  const [first] = judged;
  if (known.locked.size < 2 || !first) return judged;
  const tables = [...known.locked].toSorted().join(", ");
  const locks: Judged = {
    ...first,
    kind: "warned",
    what: `is in a file that locks several tables (${tables}): a query of the live release can end in a deadlock`,
    fix: "Write a file for each table.",
  };
  return [...judged, locks];
}

const atStatement = (
  { file }: MigrationFile,
  { line, text }: Statement,
): Pick<Judged, "file" | "line" | "statement"> => ({
  file,
  line,
  statement: text,
});

/** What needs a file without a transaction, and what must not be in one. */
function transactionOf(
  { type, node }: Statement,
  { noTransaction, index }: MigrationFile,
  count: number,
): Verdict | undefined {
  const { concurrent, idxname } = node as { readonly concurrent?: boolean; readonly idxname?: string };
  const isConcurrent = concurrent === true && (type === "IndexStmt" || type === "DropStmt");
  if (!isConcurrent && !noTransaction) return undefined;
  if (!noTransaction) return { kind: "refused", what: "cannot run in a transaction", fix: `${steps.concurrently}.` };
  if (!isConcurrent)
    return {
      kind: "refused",
      what: "is in a file without a transaction, where a failure half way is not undone",
      fix: "Delete the line -- portico: no-transaction, which is for CREATE and DROP INDEX CONCURRENTLY alone.",
    };
  if (count > 1)
    return {
      kind: "refused",
      what: "is not alone in a file without a transaction",
      fix: "Write one statement a file.",
    };
  return type === "IndexStmt" && (idxname === undefined || index === undefined)
    ? { kind: "refused", what: "makes an index without a name, which cannot be found again", fix: "Name the index." }
    : undefined;
}

/**
 * Judges the files, and gives the warnings. Throws UserError MIGRATION_EMPTY for a file without a statement, and
 * MIGRATION_REFUSED, MIGRATION_CONTRACT with every statement that is not in its place.
 */
export async function checkMigrations(files: readonly MigrationFile[]): Promise<readonly Warning[]> {
  const kinds = new Map(files.map(({ file, kind }) => [file, kind]));
  const judged = await judgeMigrations(files);
  const unwritten = files.find(({ file }) => !judged.some((one) => one.file === file));
  if (unwritten)
    throw new UserError(
      "MIGRATION_EMPTY",
      `${unwritten.file} has no statement yet`,
      "Write its statements, or delete it.",
      { at: { file: unwritten.file } },
    );
  const wrong = judged.filter(
    ({ file, kind }) => kind === "refused" || (kind === "contract" && kinds.get(file) !== "contract"),
  );
  if (wrong.length) throw misplaced(wrong);
  return judged
    .filter(({ kind }) => kind === "warned")
    .map((one) => ({ file: one.file, line: one.line, message: sentence(one), fix: one.fix ?? "" }));
}

function misplaced(wrong: readonly Judged[]): UserError {
  const isRefused = wrong.some(({ kind }) => kind === "refused");
  const fixes = [...new Set(wrong.map(({ fix = "" }) => fix))];
  return new UserError(
    isRefused ? "MIGRATION_REFUSED" : "MIGRATION_CONTRACT",
    wrong.map(sentence).join("\n"),
    fixes.join("\n"),
    { at: wrong.map(({ file, line }) => ({ file, line })) },
  );
}

/** `ALTER TABLE users DROP COLUMN nick: it drops a column that the live release may use`. */
function sentence({ statement, what = "", file, line }: Judged): string {
  const words = statement.replaceAll(/\s+/g, " ");
  return `${file}:${line}: ${words.length > 100 ? `${words.slice(0, 99)}…` : words}: it ${what}`;
}
