/** A migration: one .sql file of an app's folder `migrations`, with its number, kind and hash. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { migrationsFolder } from "../model/database.ts";
import type { BuiltMigration } from "../model/migration.ts";
import { UserError } from "../model/user-error.ts";

/** A file, as it runs: its line ends are `\n`. */
export interface MigrationFile extends BuiltMigration {
  /** Relative to the app's root: `migrations/0002_add_name.sql`. */
  readonly file: string;
  readonly sql: string;
  /** Its one statement cannot run in a transaction. */
  readonly noTransaction?: true;
  /** The index that this statement makes, as SQL names it: `public."users_email"`. */
  readonly index?: string;
}

const fileName = /^(\d{4})_([a-z0-9][a-z0-9_-]*)(\.contract)?\.sql$/;

/**
 * The files of a folder in the order in which they run; none without the folder. What has another ending than .sql is
 * not looked at, such as the folder in which drizzle-kit keeps its snapshots. Throws UserError MIGRATION_NAME,
 * MIGRATION_TWICE, MIGRATION_EMPTY.
 * @param owner the extension whose files they are; the app itself when absent
 */
export async function readMigrations(
  root: string,
  folder = migrationsFolder,
  owner?: string,
): Promise<readonly MigrationFile[]> {
  const names = await readdir(join(root, folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  const files: MigrationFile[] = [];
  for (const name of names.filter((one) => one.endsWith(".sql")).toSorted())
    files.push(toMigration(name, await readFile(join(root, folder, name), "utf8"), folder));
  requireDifferentNumbers(files);
  return owner === undefined ? files : files.map((file) => ({ ...file, name: `${owner}/${file.name}` }));
}

/** Throws UserError MIGRATION_NAME, MIGRATION_EMPTY. */
export function toMigration(base: string, text: string, folder = migrationsFolder): MigrationFile {
  const [, number, slug, contract] = fileName.exec(base) ?? [];
  const file = `${folder}/${base}`;
  if (number === undefined || slug === undefined)
    throw new UserError(
      "MIGRATION_NAME",
      `${file} is not named as a migration is: four digits, "_", then a-z, 0-9, "_" and "-"`,
      "Name it 0001_add_name.sql, or 0001_drop_nick.contract.sql when the live release may not survive it.",
      { at: { file } },
    );
  const sql = normalLineEnds(text);
  if (sql.trim() === "")
    throw new UserError("MIGRATION_EMPTY", `${file} is empty`, "Write its statements, or delete it.", {
      at: { file },
    });
  const index = isWithoutTransaction(sql) ? concurrentIndex(sql) : undefined;
  return {
    name: `${number}_${slug}`,
    kind: contract === undefined ? "expand" : "contract",
    sha256: createHash("sha256").update(sql).digest("hex"),
    file,
    sql,
    ...(isWithoutTransaction(sql) && { noTransaction: true as const }),
    ...(index && { index }),
  };
}

/** Without a byte order mark, which no server takes, and equal for a checkout with `\r\n`. */
const normalLineEnds = (text: string): string => text.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n");

/** The header is a line of its own among the comments before the first statement. */
export function isWithoutTransaction(sql: string): boolean {
  for (const line of sql.split("\n")) {
    if (/^\s*--\s*portico:\s*no-transaction\s*$/.test(line)) return true;
    if (!/^\s*(--.*)?$/.test(line)) return false;
  }
  return false;
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)`;
const create = new RegExp(
  String.raw`^\s*create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?(?<index>${identifier})` +
    String.raw`\s+on\s+(?:only\s+)?(?:(?<schema>${identifier})\s*\.\s*)?${identifier}`,
  "i",
);

/** The index that the one statement makes, so that an invalid one that a dead run left can be dropped first. */
function concurrentIndex(sql: string): string | undefined {
  const statement = sql.replaceAll(/^\s*--.*$/gm, "");
  const { index, schema } = create.exec(statement)?.groups ?? {};
  return index === undefined ? undefined : schema === undefined ? index : `${schema}.${index}`;
}

function requireDifferentNumbers(files: readonly MigrationFile[]): void {
  for (const [at, { file, name }] of files.entries()) {
    const before = files[at - 1];
    if (!before || before.name.slice(0, 4) !== name.slice(0, 4)) continue;
    throw new UserError(
      "MIGRATION_TWICE",
      `${before.file} and ${file} have the same number`,
      `Give the one that no database has yet the next number: ${nextNumber(files)}.`,
      { at: [{ file: before.file }, { file }] },
    );
  }
}

/** `0004`: the number after the greatest one. */
export const nextNumber = (files: readonly Pick<MigrationFile, "name">[]): string =>
  String(1 + Math.max(0, ...files.map(({ name }) => Number(name.slice(0, 4))))).padStart(4, "0");
