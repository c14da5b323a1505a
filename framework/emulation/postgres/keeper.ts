/** A process's side of the keeper, the small process that runs a Postgres as long as some process uses it. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nobody, programEnv } from "./binaries.ts";

/** What the keeper's process is told. */
export interface KeeperOptions {
  /** Absolute path of the folder of programs. */
  readonly native: string;
  readonly folder: string;
  readonly port: number;
  /** What a user of the keeper must say. */
  readonly token: string;
  /** Of postgresql.conf. */
  readonly settings: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** server.json, which the keeper writes when Postgres is ready; it stays when the keeper has ended. */
interface KeeperState {
  /** Of Postgres. */
  readonly port: number;
  /** The port of the keeper. */
  readonly keeper: number;
  readonly token: string;
}

/** Held while a process uses a Postgres. */
export interface Membership {
  readonly port: number;
  /** Resolves when Postgres has stopped, if this was its last user, else at once. */
  leave(): Promise<void>;
}

/** Milliseconds until a program that has the keeper's old port counts as another one; a busy machine is slow. */
const answerMs = 20_000;

const program = fileURLToPath(new URL("./keeper-process.mjs", import.meta.url));

/** Joins the keeper of a folder; undefined where none runs. */
export async function joinKeeper(folder: string): Promise<Membership | undefined> {
  const state = await readState(folder);
  if (!state) return undefined;
  const socket = connect({ host: "127.0.0.1", port: state.keeper });
  const closed = new Promise<void>((done) => socket.once("close", () => done()));
  socket.on("error", () => {});
  socket.write(`${state.token}\n`);
  const answer = await Promise.race([
    once(socket, "data").catch(() => undefined),
    closed,
    sleep(answerMs, undefined, { ref: false }),
  ]);
  if (String(answer?.[0] ?? "") !== "ok\n") {
    socket.destroy();
    return undefined;
  }
  // A process that has nothing else to do may end.
  socket.unref();
  return {
    port: state.port,
    leave: async () => {
      socket.ref();
      socket.write("bye\n");
      await closed;
    },
  };
}

/** A folder, and how its Postgres is started. */
export interface StartedKeeper {
  readonly folder: string;
  /** Of its programs. */
  readonly native: string;
  readonly durable: boolean;
  /** Default: the port that it had, if nothing listens there, else another. */
  readonly findPort?: (wanted: number | undefined) => Promise<number>;
}

/** Times that a port is looked for which somebody else takes before Postgres does. */
const attempts = 3;

/** Starts the keeper of a folder, which no other process does meanwhile, and joins it. */
export async function startKeeper({
  folder,
  native,
  durable,
  findPort = freePort,
}: StartedKeeper): Promise<Membership> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findPort((await readState(folder))?.port);
    const error = await runKeeper({ folder, native, durable, port });
    if (error === undefined) break;
    if (attempt === attempts || !error.includes("could not create any TCP/IP sockets")) throw new Error(error);
  }
  const joined = await joinKeeper(folder);
  if (!joined) throw new Error("the keeper of Postgres does not answer");
  return joined;
}

/** What Postgres says where it does not start. */
async function runKeeper({
  folder,
  native,
  durable,
  port,
}: Omit<StartedKeeper, "findPort"> & { readonly port: number }): Promise<string | undefined> {
  const options: KeeperOptions = {
    native,
    folder,
    port,
    token: randomBytes(24).toString("base64url"),
    settings: settingsOf(durable),
    env: programEnv,
    ...(nobody && { user: nobody }),
  };
  const { stdout } = await promisify(execFile)(process.execPath, [program, "start"], {
    env: { ...programEnv, PORTICO_KEEPER: JSON.stringify(options) },
    windowsHide: true,
  });
  return (JSON.parse(stdout) as { readonly error?: string }).error;
}

const settingsOf = (durable: boolean): Readonly<Record<string, string>> => ({
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  timezone: "UTC",
  ...(!durable && { fsync: "off", full_page_writes: "off" }),
});

async function readState(folder: string): Promise<KeeperState | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, "server.json"), "utf8")) as KeeperState;
  } catch {
    // Without the file, or with half of one, nothing runs.
    return undefined;
  }
}

/** The wanted port if nothing listens there, else another. */
async function freePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return freePort();
  }
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
