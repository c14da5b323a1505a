/** The limit that servers are measured against: a raw node:http server in a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";

const script = `require("node:http").createServer((_, response) => response.end("Hello, route 0!")).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;

/** Starts it; resolves when it listens. */
export async function rawServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  const ended = once(child, "exit");
  return {
    port: Number(chunk),
    close: async () => {
      child.kill();
      await ended;
    },
  };
}
