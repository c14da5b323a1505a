/**
 * An app as its developer changes it: migrations, and code that reads and writes what it may by them. Code that comes
 * with a contract file does not use what that takes away; that is all that is promised of it.
 */
import { createHash } from "node:crypto";
import { type MigrationFile, toMigration } from "../../../framework/migrations/migration-file.ts";

/** What a file does to the tables, for comparison with what they are. */
export interface Effect {
  readonly does: "add table" | "add column" | "drop column" | "drop table" | "nothing";
  readonly table: string;
  readonly column?: string;
}

/** A file of the app. */
export interface TreeFile {
  readonly number: number;
  readonly slug: string;
  readonly kind: "expand" | "contract";
  readonly sql: string;
  readonly effect: Effect;
  /** Its text once it is mended, of one whose last statement fails. */
  readonly mended?: string;
  /** The column that it makes NOT NULL. */
  readonly requires?: string;
}

interface Column {
  readonly name: string;
  /** What is written into it. */
  readonly value: "'x'" | "'7'";
  readonly isRequired: boolean;
  readonly hasDefault: boolean;
}

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
}

/** One state of the app's folder. */
export interface Tree {
  readonly files: readonly TreeFile[];
  /** What its code uses. */
  readonly tables: readonly Table[];
  /** Numbers tables, columns and indexes. */
  readonly made: number;
  readonly indexes: readonly string[];
  /** Of code that changes nothing else. */
  readonly version: number;
}

/** What a developer does next. */
export const changes = [
  "column",
  "column with default",
  "table",
  "index",
  "slow index",
  "drop column",
  "drop table",
  "drop index",
  "require",
  "retype",
  "rename",
  "edit",
  "code",
  "broken",
  "broken index",
] as const;
export type Change = (typeof changes)[number];

const noColumn = { value: "'x'", isRequired: false, hasDefault: false } as const;

const createTable = (name: string): string =>
  `create table ${name} (id int generated always as identity, a0 text); insert into ${name} (a0) values ('x')`;

/** In the text of every file, so that the prober knows it. */
export const marker = "/* migration */";

const marked = (sql: string): string => `${sql} ${marker}`;

export const firstTree: Tree = {
  files: [
    {
      number: 1,
      slug: "t0",
      kind: "expand",
      sql: marked(createTable("t0")),
      effect: { does: "add table", table: "t0", column: "a0" },
    },
  ],
  tables: [{ name: "t0", columns: [{ name: "a0", ...noColumn }] }],
  made: 1,
  indexes: [],
  version: 1,
};

export const toFiles = ({ files }: Tree): readonly MigrationFile[] =>
  files.map(({ number, slug, kind, sql }) =>
    toMigration(`${String(number).padStart(4, "0")}_${slug}${kind === "contract" ? ".contract" : ""}.sql`, sql),
  );

export const nameOf = ({ number, slug }: TreeFile): string => `${String(number).padStart(4, "0")}_${slug}`;

/** Of the code alone: two trees of the same code are one release. */
export const codeHash = ({ tables, version }: Tree): string =>
  createHash("sha256")
    .update(JSON.stringify([tables, version]))
    .digest("hex")
    .slice(0, 12);

/** What the code asks of each table, one transaction each. */
export const queriesOf = ({ tables }: Tree): readonly string[] =>
  tables.map(({ name, columns }) => {
    const names = columns.map((one) => one.name).join(", ");
    const values = columns.map((one) => one.value).join(", ");
    const sets = columns.map((one) => `${one.name} = ${one.value}`).join(", ");
    return (
      `insert into ${name} (${names}) values (${values}); select id, ${names} from ${name} order by id limit 2; ` +
      `update ${name} set ${sets} where id = 2; delete from ${name} where id > 3`
    );
  });

const nextNumber = ({ files }: Tree): number => 1 + Math.max(0, ...files.map(({ number }) => number));

const add = (tree: Tree, file: Omit<TreeFile, "number">): Tree => ({
  ...tree,
  made: tree.made + 1,
  files: [...tree.files, { ...file, number: nextNumber(tree) }],
});

const withTable = (tree: Tree, table: Table): Tree => ({
  ...tree,
  tables: tree.tables.map((one) => (one.name === table.name ? table : one)),
});

const usesOf = (table: Table, changed: Column): Table => ({
  ...table,
  columns: table.columns.map((one) => (one.name === changed.name ? changed : one)),
});

/**
 * The next tree; the same where that change is not possible. @param applied names of files that a database has
 */
export function changed(tree: Tree, change: Change, pick: number, applied: ReadonlySet<string>): Tree {
  const table = tree.tables[pick % tree.tables.length]!;
  const column = table.columns[pick % table.columns.length]!;
  const { made } = tree;
  const contract = (slug: string, sql: string, more: Partial<TreeFile> = {}, from = tree): Tree =>
    add(from, { slug, kind: "contract", sql: marked(sql), effect: { does: "nothing", table: table.name }, ...more });
  const expand = (slug: string, sql: string, effect: Effect["does"] = "nothing", name?: string, from = tree): Tree =>
    add(from, {
      slug,
      kind: "expand",
      sql: marked(sql),
      effect: { does: effect, table: table.name, ...(name !== undefined && { column: name }) },
    });
  const dropColumn = (from: Tree): Tree => {
    const kept = from.files.filter((file) => file.requires !== column.name || applied.has(nameOf(file)));
    const cleared = { ...from, files: kept };
    const relax = `alter table ${table.name} alter column ${column.name} drop not null`;
    const optional = column.isRequired ? expand(`optional_${made}`, relax, "nothing", undefined, cleared) : cleared;
    const now = from.tables.find(({ name }) => name === table.name)!;
    const without = { ...now, columns: now.columns.filter(({ name }) => name !== column.name) };
    const effect: Effect = { does: "drop column", table: table.name, column: column.name };
    const sql = `alter table ${table.name} drop column ${column.name}`;
    return contract(`drop_${column.name}`, sql, { effect }, withTable(optional, without));
  };
  const addColumn = (isDefault: boolean): Tree => {
    const name = `c${made}`;
    const type = isDefault ? "text not null default 'd'" : "text";
    const next = { ...noColumn, name, hasDefault: isDefault, isRequired: false };
    return withTable(expand(name, `alter table ${table.name} add column ${name} ${type}`, "add column", name), {
      ...table,
      columns: [...table.columns, next],
    });
  };
  switch (change) {
    case "column":
      return addColumn(false);
    case "column with default":
      return addColumn(true);
    case "table": {
      const name = `t${made}`;
      const sql = createTable(name);
      const file = { slug: name, kind: "expand", sql: marked(sql) } as const;
      const next = add(tree, { ...file, effect: { does: "add table", table: name, column: "a0" } });
      return { ...next, tables: [...tree.tables, { name, columns: [{ name: "a0", ...noColumn }] }] };
    }
    case "index":
    case "slow index": {
      const name = `i${made}`;
      const sql =
        change === "index"
          ? `create index ${name} on ${table.name} (${column.name})`
          : `-- portico: no-transaction\ncreate index concurrently ${name} on ${table.name} (${column.name})`;
      return { ...expand(name, sql), indexes: [...tree.indexes, name] };
    }
    case "drop column":
      return table.columns.length > 1 ? dropColumn(tree) : tree;
    case "rename":
      return dropColumn(addColumn(false));
    case "drop table": {
      if (tree.tables.length === 1) return tree;
      const effect: Effect = { does: "drop table", table: table.name };
      const next = contract(`drop_${table.name}`, `drop table ${table.name}`, { effect });
      return { ...next, tables: tree.tables.filter((one) => one !== table) };
    }
    case "drop index": {
      const [index, ...indexes] = tree.indexes;
      if (index === undefined) return tree;
      const sql = `-- portico: no-transaction\ndrop index concurrently if exists ${index}`;
      return { ...contract(`drop_${index}`, sql), indexes };
    }
    case "require": {
      if (column.isRequired || column.hasDefault) return tree;
      const sql =
        `update ${table.name} set ${column.name} = '7' where ${column.name} is null; ` +
        `alter table ${table.name} alter column ${column.name} set not null`;
      const next = contract(`require_${column.name}`, sql, { requires: column.name });
      return withTable(next, usesOf(table, { ...column, isRequired: true }));
    }
    case "retype": {
      if (column.value === "'7'" || column.hasDefault) return tree;
      const sql = `alter table ${table.name} alter column ${column.name} type int using 7`;
      return withTable(contract(`int_${column.name}`, sql), usesOf(table, { ...column, value: "'7'" }));
    }
    case "edit": {
      const waiting = tree.files.filter((one) => one.kind === "contract" && !applied.has(nameOf(one)));
      const edited = waiting[pick % Math.max(1, waiting.length)];
      if (!edited) return tree;
      const next = { ...edited, sql: `${edited.sql} -- ${made}` };
      return { ...tree, made: made + 1, files: tree.files.map((one) => (one === edited ? next : one)) };
    }
    case "code":
      return { ...tree, version: tree.version + 1 };
    case "broken":
      return broken(addColumn(false), "; select 1 / 0");
    case "broken index": {
      const sql = `-- portico: no-transaction\ncreate index concurrently i${made} on ${table.name} ((1 / (id - id)))`;
      return broken(expand(`i${made}`, sql), "");
    }
  }
}

/** The last file fails until it is mended. */
function broken(tree: Tree, statement: string): Tree {
  const last = tree.files.at(-1)!;
  const mended = last.sql.replace("((1 / (id - id)))", "(id)");
  return {
    ...tree,
    files: [...tree.files.slice(0, -1), { ...last, mended, sql: last.sql.replace(marker, `${statement} ${marker}`) }],
  };
}

/** What a developer does when a deploy says MIGRATION_FAILED. */
export const mendFiles = (tree: Tree): Tree => ({
  ...tree,
  files: tree.files.map(({ mended, ...file }) => (mended === undefined ? file : { ...file, sql: mended })),
});

/** What a developer does when it says MIGRATION_ORDER: contract files that did not run get numbers after all others. */
export function reorder(tree: Tree, applied: ReadonlySet<string>): Tree {
  const isWaiting = (file: TreeFile): boolean => file.kind === "contract" && !applied.has(nameOf(file));
  const first = nextNumber(tree);
  const moved = tree.files.filter(isWaiting).map((file, at) => ({ ...file, number: first + at }));
  return { ...tree, files: [...tree.files.filter((file) => !isWaiting(file)), ...moved] };
}
