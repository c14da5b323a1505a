/** Shows that a run is alive to others of the same checkout: a folder in, a socket that only answers while this process lives out. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Who a run says that it is; goes into the lock, for anyone to read. */
export interface Holder {
  /** Random, one a run. */
  readonly run: string;
  /** Random, one a checkout: kept in `.portico/checkout`. */
  readonly checkout: string;
  /** `user@machine`. */
  readonly who: string;
  /** Opens the socket; gives what closes it. */
  open(): Promise<() => Promise<void>>;
  /** True when `run` was of this checkout and its socket refuses: that process is dead. */
  isDead(run: string, checkout: string): Promise<boolean>;
}

/** `folder` is the app's `.portico`. */
export function createHolder(folder: string, who: string): Holder {
  const checkout = readCheckout(folder);
  return {
    run: randomBytes(16).toString("hex"),
    checkout,
    who,
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
    isDead: async (run, theirs) => theirs === checkout && /^[0-9a-f]{32}$/.test(run) && !(await answers(socketPath(run))),
  };
}

/** In the temporary folder, since a path below a deep project is longer than a socket's may be (unix(7): 108 bytes). */
const socketPath = (run: string): string =>
  process.platform === "win32" ? `\\\\.\\pipe\\portico-${run}` : join(tmpdir(), `portico-${run}.sock`);

function answers(path: string): Promise<boolean> {
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
  writeFileSync(file, `${randomBytes(16).toString("hex")}\n`, { mode: 0o600 });
  return read() ?? "";
}
