/**
 * The identity of a run that holds a lock, and a socket by which other runs of the same checkout see whether it is
 * alive.
 */
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The identity of a run, as the lock shows it to other runs. */
export interface LockOwner {
  /** Random, one a run. */
  readonly run: string;
  /** Random, one a checkout: kept in `.portico/checkout`. */
  readonly checkout: string;
  /** `user@machine`. */
  readonly name: string;
  /** Opens the socket; returns the function that closes it. */
  open(): Promise<() => Promise<void>>;
  /** True when `run` was of this checkout and its socket refuses: that process is dead. */
  isDead(run: string, checkout: string): Promise<boolean>;
}

/** `folder` is the app's `.portico`. */
export function createLockOwner(folder: string, who: string): LockOwner {
  const checkout = readCheckout(folder);
  return {
    run: randomBytes(16).toString("hex"),
    checkout,
    name: who,
    open() {
      const path = socketPath(this.run);
      const server = createServer((socket) => socket.end());
      return new Promise((done, fail) => {
        server.once("error", fail);
        server.listen(path, () => {
          server.unref();
          done(() => new Promise((closed) => server.close(() => closed())));
        });
      });
    },
    isDead: async (run, theirs) =>
      theirs === checkout && /^[0-9a-f]{32}$/.test(run) && !(await isListening(socketPath(run))),
  };
}

/** In the temporary folder, since a path below a deep project is longer than a socket's may be (unix(7): 108 bytes). */
const socketPath = (run: string): string =>
  process.platform === "win32" ? `\\\\.\\pipe\\portico-${run}` : join(tmpdir(), `portico-${run}.sock`);

function isListening(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      // Only these two say that nobody listens; anything else leaves it open, and then the lease decides.
      const isDead = error.code === "ECONNREFUSED" || error.code === "ENOENT";
      if (isDead && process.platform !== "win32") rmSync(path, { force: true });
      done(!isDead);
    });
  });
}

function readCheckout(folder: string): string {
  const file = join(folder, "checkout");
  const read = (): string | undefined => {
    try {
      return /^[0-9a-f]{32}$/.exec(readFileSync(file, "utf8").trim())?.[0];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  };
  const found = read();
  if (found) return found;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}-${randomBytes(6).toString("hex")}`;
  writeFileSync(temporary, `${randomBytes(16).toString("hex")}\n`, { mode: 0o600 });
  try {
    // Of two runs that create it at once, the first one's id counts.
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // An invalid id is replaced.
    if (!read()) renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
  return read() ?? "";
}
