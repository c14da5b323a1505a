import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository, run } from "./portico.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-usage-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function app(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder, name);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(root, file, ".."), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return root;
}

const hello = `export const GET = () => new Response("hi");\n`;

describe("portico", () => {
  it("prints its version and its help", async () => {
    expect((await run(["--version"], repository)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await run([], repository);
    expect(help.code).toBe(0);
    for (const name of ["init", "dev", "build", "routes", "invoke", "deploy", "cloud", "start"])
      expect(help.stdout).toContain(`  ${name} `);
    expect(await run(["help", "dev"], repository)).toMatchObject({ code: 0, stdout: expect.stringContaining("portico dev"), stderr: "" });
  });

  it("a folder that may not be written is the user's to mend, not a bug", async () => {
    const file = join(await app("no-folder", { file: "a file where a folder should be" }), "file");
    for (const words of [
      ["init", file],
      ["init", join(file, "below")],
      ["cloud", "--cwd", file, "--port", "0"],
    ]) {
      const { code, stderr } = await run(words, repository);
      expect([words[0], code]).toEqual([words[0], 1]);
      expect(stderr).toMatch(/^error (?:NO_FOLDER|OUTPUT): .*\nfix: .*\n$/);
    }
  });

  it("says what an unknown command and an unknown flag may have meant, without a stack", async () => {
    const command = await run(["biuld"], repository);
    expect(command.code).toBe(1);
    expect(command.stderr).toBe("error UNKNOWN_COMMAND: unknown command 'biuld'\nfix: did you mean build?\n");
    const flag = await run(["dev", "--prot", "1"], repository);
    expect(flag.code).toBe(1);
    expect(flag.stderr).toBe("error USAGE: unknown option '--prot'\nfix: did you mean --port?\n");
  });

  it("prints errors as JSON lines with --json", async () => {
    const { stderr, code } = await run(["biuld", "--json"], repository);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "UNKNOWN_COMMAND", fix: "did you mean build?" } });
  });

  it.each([
    ["port", ["dev", "--port", "http"], "BAD_PORT"],
    ["port range", ["dev", "--port", "65536"], "BAD_PORT"],
    ["target", ["build", "--target", "lamda"], "BAD_TARGET"],
  ])("refuses a bad %s", async (_, args, code) => {
    const finished = await run(args, repository);
    expect(finished.code).toBe(1);
    expect(finished.stderr).toMatch(new RegExp(`^error ${code}: .*\nfix: .*\n$`));
  });

  it("names the line of an unknown key in hosting.json and the key that was meant", async () => {
    const root = await app("unknown-key", { "functions/index.ts": hello, "hosting.json": `{\n  "name": "demo",\n  "tagret": "node"\n}\n` });
    for (const command of ["build", "routes", "dev"]) {
      const { code, stderr } = await run([command], root);
      expect(code).toBe(1);
      expect(stderr).toContain("hosting.json:3:3");
      expect(stderr).toMatch(/fix: .*"?target"?/);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });

  it("names both files of two routes with one path", async () => {
    const root = await app("conflict", { "functions/a/[x].ts": hello, "functions/a/[y].ts": hello });
    for (const command of ["build", "routes", "dev"]) {
      const { code, stderr } = await run([command], root);
      expect(code).toBe(1);
      expect(stderr).toContain("error ROUTE_CONFLICT");
      expect(stderr).toContain("functions/a/[x].ts");
      expect(stderr).toContain("functions/a/[y].ts");
    }
  });

  it("says how to go on where there is no app", async () => {
    const root = await app("empty", { "readme.txt": "nothing" });
    const { code, stderr } = await run(["build"], root);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error NO_ROUTES: .*\nfix: .*portico init.*\n$/);
  });

  it("shows file, line and code frame of a route that does not build", async () => {
    const root = await app("broken", { "functions/index.ts": `export const GET = () => {\n  return new Response("hi";\n};\n` });
    const { code, stderr } = await run(["build"], root);
    expect(code).toBe(1);
    expect(stderr).toContain("functions/index.ts:2:");
    expect(stderr).toContain(`return new Response("hi";`);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.each(["dev", "cloud"])("%s says that its port is taken and how to choose another", async (command) => {
    const root = await app(`port-${command}`, { "functions/index.ts": hello });
    const server = createServer();
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run([command, "--port", String(port)], root);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error PORT_IN_USE: .*${port}.*\nfix: .*--port.*\n$`));
  });
});

describe("portico invoke", () => {
  it("says what to start when nothing answers", async () => {
    const { code, stderr } = await run(["invoke", "/", "--port", "1"], repository);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error NO_ANSWER: .*\nfix: .*portico dev.*\n$/);
  });

  it("sends method, raw path, headers and body, and prints the answer; 5xx is exit code 1", async () => {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        response.statusCode = request.url === "/bad" ? 503 : 201;
        response.setHeader("set-cookie", ["a=1", "b=2"]);
        response.end(
          JSON.stringify({
            method: request.method,
            url: request.url,
            tag: request.headers["x-tag"],
            type: request.headers["content-type"],
            body,
          }),
        );
      });
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const text = await run(["invoke", "put", "/a/../b%2F", "--url", url, "-H", "X-Tag: one", "-d", '{"a":1}'], repository);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain("201 Created");
    expect(text.stdout).toContain("set-cookie: a=1\nset-cookie: b=2\n");
    expect(text.stdout).toContain('{"method":"PUT","url":"/a/../b%2F","tag":"one","type":"application/json","body":"{\\"a\\":1}"}');
    const json = await run(["invoke", "POST", "/bad", "-d", "@-", "--url", url, "--json"], repository, { stdin: "a=1" });
    expect(json.code).toBe(1);
    const answer = JSON.parse(json.stdout) as { status: number; body: string; milliseconds: number };
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({ type: "application/x-www-form-urlencoded", body: "a=1" });
    server.close();
  });

  it.each([
    [["invoke", "path"], "USAGE"],
    [["invoke", "/", "-H", "no header"], "USAGE"],
    [["invoke", "/", "--url", "ftp://x"], "BAD_URL"],
    [["invoke", "POST", "/", "-d", "@/no/such/file"], "FILE_MISSING"],
  ])("refuses %j", async (args, code) => {
    const finished = await run(args, repository);
    expect(finished.code).toBe(1);
    expect(finished.stderr).toMatch(new RegExp(`^error ${code}: .*\nfix: .*\n$`));
  });
});
