/** `portico start` behind the very nginx of docs/production.md. */
// @module-tag check
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../dev/gateway-app.ts";
import { repository, run, type Running, start } from "./portico.ts";

const files: Readonly<Record<string, string>> = {
  "functions/who.ts":
    `export const GET = (request, { clientAddress }) =>\n` + `  Response.json({ url: request.url, clientAddress });\n`,
  "functions/echo.ts": `export const POST = async (request) => new Response(await request.arrayBuffer());\n`,
  "functions/ticks.ts":
    `export const GET = (request) => new Response(new ReadableStream({ start(controller) { ` +
    `controller.enqueue(new TextEncoder().encode("first"));` +
    ` request.signal.addEventListener("abort", () => console.log("the client left")); } }));\n`,
  "functions/_public/a.txt": "asset",
};

let folder: string;
let app: Running;
let nginx: ChildProcess;
let port: number;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return free;
}

/** The example, with its two ports replaced, as a whole configuration that needs no rights. */
async function configuration(appPort: number): Promise<string> {
  const text = await readFile(join(repository, "docs/production.md"), "utf8");
  const [, example = ""] = /```nginx\n([\s\S]*?)```/.exec(text) ?? [];
  const here = example
    .replace("127.0.0.1:3000", `127.0.0.1:${appPort}`)
    .replace("listen 80;", `listen 127.0.0.1:${port};`);
  if (here === example) throw new Error("the example is not there");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const paths = `access_log off; ${temporary.join(" ")}`;
  return `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
    events {}\nhttp {\n${paths}\n${here}\n}\n`;
}

async function listening(): Promise<void> {
  while (nginx.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const [event] = await Promise.race([
      once(socket, "connect").then(() => ["connect"]),
      once(socket, "error").then(() => ["error"]),
    ]).catch(() => ["error"]);
    socket.destroy();
    if (event === "connect") return;
    await new Promise((next) => setTimeout(next, 20));
  }
  throw new Error("nginx does not listen");
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-nginx-"));
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(folder, file, ".."), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  const { code, stderr } = await run(["build", "--target", "node"], folder);
  if (code !== 0) throw new Error(stderr);
  app = start(["start", "--port", "0", "--processes", "2", "--trust-proxy", "1", "--json"], folder);
  const [, appPort] = await app.until(/"url":"http:\/\/127\.0\.0\.1:(\d+)"/);
  port = await freePort();
  await writeFile(join(folder, "nginx.conf"), await configuration(Number(appPort)));
  nginx = spawn("nginx", ["-e", "stderr", "-p", folder, "-c", join(folder, "nginx.conf")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await Promise.race([once(nginx, "spawn"), once(nginx, "error").then(([error]) => Promise.reject(error as Error))]);
  await listening();
});

afterAll(async () => {
  if (nginx?.pid !== undefined && nginx.exitCode === null) {
    nginx.kill("SIGTERM");
    await once(nginx, "exit");
  }
  await app?.stop("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

describe("behind nginx", { tags: ["check"] }, () => {
  it("the handler sees the client's own URL and address, whatever the client claims", async () => {
    const headers = {
      host: "shop.example:8080",
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-proto": "https",
      forwarded: "for=7.7.7.7",
    };
    const { text } = await send(port, "/who?a=%2F+b", { headers });
    expect(JSON.parse(text)).toEqual({ url: "http://shop.example:8080/who?a=%2F+b", clientAddress: "127.0.0.1" });
    await app.until(
      /"type":"access".*"clientAddress":"127\.0\.0\.1","method":"GET","target":"\/who\?a=%2F\+b","status":200/,
    );
  });

  it("request bodies, response bodies and static files pass through", async () => {
    const bytes = new Uint8Array(3_000_000).fill(7);
    const response = await fetch(`http://127.0.0.1:${port}/echo`, { method: "POST", body: bytes });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect((await send(port, "/a.txt")).text).toBe("asset");
    expect(
      (await fetch(`http://127.0.0.1:${port}/echo`, { method: "POST", body: new Uint8Array(11_000_000) })).status,
    ).toBe(413);
  });

  it("a stream arrives as it is written, and the handler is told when the client disconnects", async () => {
    const client = new AbortController();
    const reader = (await fetch(`http://127.0.0.1:${port}/ticks`, { signal: client.signal })).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    client.abort();
    await app.until(/the client left/);
  });
});
