/** The files of an app on Node: contents in the app's data folder, and beside them an index in SQLite. */
import type { Platform } from "../../runtime/handler.ts";
import { parseRange } from "../../runtime/preconditions.ts";
import { readRange } from "../../runtime/range-reader.ts";
import type { Content, Engine, FormReceiver, FoundFile, ListedFile } from "./engine.ts";
import { FileError } from "./file-error.ts";
import { signForm } from "./signed-form.ts";

/** `PRAGMA user_version` of the index. */
const schemaVersion = 1;

/**
 * `n` is the namespace, `k` the key, `b` the name of the file with the content, `s` its bytes, `t` its type, `e` its
 * tag, `m` when it was stored in milliseconds since 1970. Text is compared by its UTF-8 bytes. `secret` signs forms.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS file (n TEXT NOT NULL, k TEXT NOT NULL, b TEXT NOT NULL, s INTEGER NOT NULL,
    t TEXT NOT NULL, e TEXT NOT NULL, m INTEGER NOT NULL, PRIMARY KEY (n, k)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS secret (v TEXT NOT NULL);
  PRAGMA user_version=${schemaVersion}`;

interface Row {
  readonly k: string;
  readonly b: string;
  readonly s: number;
  readonly t: string;
  readonly e: string;
  readonly m: number;
}

/** Milliseconds to wait for another process that writes. */
const busyTimeout = 5000;

/** Milliseconds after which a content that is not in the index was left by a process that died. */
const orphanAge = 3_600_000;

type Folder = ReturnType<typeof openFolder>;

const folders = new Map<string, Folder>();

/** Opens a namespace. Throws FileError FILE_MISSING without a data folder, FILE_SCHEMA for one of a newer Portico. */
export function openFiles(platform: Platform | undefined, namespace: string): Engine & FormReceiver {
  const data = platform?.name === "node" ? platform.data : undefined;
  if (data === undefined)
    throw new FileError("FILE_MISSING", "files need a data folder: portico start, or serve({ data })");
  const folder = folders.get(data) ?? openFolder(data);
  folders.set(data, folder);
  const { index, secret } = folder;
  return {
    secret,
    async put(key, content, type) {
      const { name, ...stored } = await folder.write(content);
      const modified = new Date();
      let replaced: string | undefined;
      try {
        replaced = index.replace([namespace, key, name, stored.size, type, stored.etag, modified.getTime()]);
      } catch (error) {
        await folder.remove(name);
        throw error;
      }
      // What cannot be removed is an orphan, which a later start removes.
      await folder.remove(replaced).catch(() => undefined);
      return { ...stored, modified };
    },
    get: (key, range) => folder.read(() => index.find(namespace, key), range),
    delete: async (key) => folder.remove(index.drop(namespace, key)).catch(() => undefined),
    list: async (prefix, after, limit) => index.list(namespace, prefix, after, limit).map(toListed),
    form: (key, limits) => signForm(secret, { namespace, key, ...limits }),
  };
}

/** @param data the app's data folder; `:memory:` for files that end with the process */
function openFolder(data: string) {
  const { createHash, randomUUID } = process.getBuiltinModule("node:crypto");
  const { open, rm } = process.getBuiltinModule("node:fs/promises");
  const { join } = process.getBuiltinModule("node:path");
  const folder = makeFolder(data);
  const index = openIndex(join(folder, "index.sqlite"));
  removeOrphans(folder, index.contents());
  const remove = async (name: string | undefined): Promise<void> => {
    if (name !== undefined) await rm(join(folder, name), { force: true });
  };
  const write = async ({ parts }: Content) => {
    const name = randomUUID();
    const handle = await open(join(folder, name), "wx", 0o600);
    const hash = createHash("sha256");
    let size = 0;
    try {
      for await (const part of parts) {
        hash.update(part);
        size += part.byteLength;
        await handle.writeFile(part);
      }
      await handle.sync();
    } catch (error) {
      await handle.close();
      await remove(name);
      throw error;
    }
    await handle.close();
    await syncFolder(folder);
    return { name, size, etag: `"${hash.digest("hex").slice(0, 32)}"` };
  };
  const read = async (find: () => Row | undefined, range: string | undefined): Promise<FoundFile | undefined> => {
    for (;;) {
      const row = find();
      if (!row) return undefined;
      const { status, range: [first, end] = [0, row.s] } = range === undefined ? whole : parseRange(range, row.s);
      const found = { size: row.s, type: row.t, etag: row.e, modified: new Date(row.m) };
      if (status === 416) return { ...found, body: null };
      try {
        const handle = await open(join(folder, row.b));
        const content = await readRange(handle, row.k, first, end);
        return { ...found, body: content instanceof Uint8Array ? toStream(content) : content };
      } catch (error) {
        // Another content was stored meanwhile.
        if (!isMissing(error) || find()?.b === row.b) throw error;
      }
    }
  };
  return { index, secret: index.secret(), write, read, remove };
}

const whole: ReturnType<typeof parseRange> = { status: 200 };

const toStream = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      controller.close();
    },
  });

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

const toListed = ({ k, s, e, m }: Row): ListedFile => ({ key: k, size: s, etag: e, modified: new Date(m) });

/** Readable by this user alone, since uploads may be private, and the index has the key of forms. */
function makeFolder(data: string): string {
  const { chmodSync, mkdirSync, mkdtempSync, rmSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  if (data !== ":memory:") {
    const folder = join(data, "files");
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
    return folder;
  }
  const folder = mkdtempSync(join(process.getBuiltinModule("node:os").tmpdir(), "portico-files-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Removes contents that a killed process left behind. */
function removeOrphans(folder: string, known: ReadonlySet<string>): void {
  const { readdirSync, rmSync, statSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  for (const name of readdirSync(folder)) {
    if (!/^[\da-f-]{36}$/.test(name) || known.has(name)) continue;
    const { mtimeMs } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    if (Date.now() - mtimeMs > orphanAge) rmSync(join(folder, name), { force: true });
  }
}

/** So that the name of a new file is on disk, too; Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await process.getBuiltinModule("node:fs/promises").open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function openIndex(file: string) {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const database = new DatabaseSync(file, { timeout: busyTimeout });
  const all = (sql: string, ...values: readonly (string | number)[]): readonly Row[] =>
    translateErrors(() => database.prepare(sql).all(...values) as unknown as readonly Row[]);
  translateErrors(() => {
    database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE");
    const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version > schemaVersion) {
      database.close();
      throw new FileError(
        "FILE_SCHEMA",
        `${file} is of a newer Portico (schema ${version}; this reads ${schemaVersion})`,
      );
    }
    const secret = process.getBuiltinModule("node:crypto").randomBytes(32).toString("base64url");
    database.exec(`${schema}; INSERT INTO secret SELECT '${secret}' WHERE NOT EXISTS (SELECT 1 FROM secret); COMMIT`);
  });
  // Without numbers, to which Node before 22.20 and 24.7 binds nothing.
  const where = "FROM file WHERE n=? AND k=?";
  return {
    secret: (): string => String(database.prepare("SELECT v FROM secret").get()!["v"]),
    contents: (): ReadonlySet<string> => new Set(all("SELECT b FROM file").map(({ b }) => b)),
    find: (namespace: string, key: string): Row | undefined => all(`SELECT * ${where}`, namespace, key)[0],
    drop: (namespace: string, key: string): string | undefined =>
      all(`DELETE ${where} RETURNING b`, namespace, key)[0]?.b,
    /** The name of the content that was there before. */
    replace: (values: readonly [namespace: string, key: string, ...(string | number)[]]): string | undefined =>
      translateErrors(() => {
        database.exec("BEGIN IMMEDIATE");
        try {
          const [before] = all(`SELECT b ${where}`, values[0], values[1]);
          database.prepare("INSERT OR REPLACE INTO file VALUES(?,?,?,?,?,?,?)").run(...values);
          database.exec("COMMIT");
          return before?.b;
        } catch (error) {
          if (database.isTransaction) database.exec("ROLLBACK");
          throw error;
        }
      }),
    // The byte FF, which no UTF-8 has, is the end of all keys with the prefix.
    list: (namespace: string, prefix: string, after: string, limit: number): readonly Row[] =>
      all(
        "SELECT * FROM file WHERE n=? AND k>=? AND k<?||CAST(x'FF' AS TEXT) AND k>? ORDER BY k LIMIT ?",
        ...[namespace, prefix, prefix, after, limit],
      ),
  };
}

/** SQLITE_BUSY (sqlite.org/rescode.html), without its extended part. */
const busy = 5;

function translateErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (((cause as { readonly errcode?: number }).errcode ?? 0) % 256 !== busy) throw cause;
    const message = `another process wrote to the files for ${busyTimeout / 1000} s; try later`;
    throw new FileError("FILE_BUSY", message, cause);
  }
}
