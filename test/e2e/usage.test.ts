/** The real CLI's help, and its errors for wrong commands, flags, settings and folders, which name cause and fix. */
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
    expect(await run(["help", "dev"], repository)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("portico dev"),
      stderr: "",
    });
  });

  it("a folder that is not writable is reported as the user's mistake, not as a bug", async () => {
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

  it("suggests a command or flag for an unknown one, without a stack trace", async () => {
    const command = await run(["biuld"], repository);
    expect(command.code).toBe(1);
    expect(command.stderr).toBe("error UNKNOWN_COMMAND: unknown command 'biuld'\nfix: Did you mean build?\n");
    const flag = await run(["dev", "--prot", "1"], repository);
    expect(flag.code).toBe(1);
    expect(flag.stderr).toBe("error USAGE: unknown option '--prot'\nfix: Did you mean --port?\n");
    for (const words of [["--stage", "prod"], ["--stage=prod"]]) {
      const others = await run(["routes", ...words], repository);
      expect(others.stderr).toBe("error USAGE: portico routes has no --stage\nfix: Run portico routes --help\n");
    }
  });

  it("prints errors as JSON lines with --json", async () => {
    const { stderr, code } = await run(["biuld", "--json"], repository);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "UNKNOWN_COMMAND", fix: "Did you mean build?" } });
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

  it("names the line of an unknown key in hosting.json and suggests a known one", async () => {
    const root = await app("unknown-key", {
      "functions/index.ts": hello,
      "hosting.json": `{\n  "name": "demo",\n  "tagret": "node"\n}\n`,
    });
    for (const command of ["build", "routes", "dev"]) {
      const { code, stderr } = await run([command], root);
      expect(code).toBe(1);
      expect(stderr).toContain("hosting.json:3:3");
      expect(stderr).toMatch(/fix: .*"?target"?/);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });

  it("warns of a rule that matches no route", async () => {
    const settings = {
      name: "demo",
      routes: { "/*": { timeout: 5 }, "/reports/*": { memory: 512 }, "/": { timeout: 3 } },
    };
    const root = await app("rules", { "functions/index.ts": hello, "hosting.json": JSON.stringify(settings) });
    const { code, stderr } = await run(["build"], root);
    expect([code, stderr]).toEqual([
      0,
      'warning "routes": "/reports/*" in hosting.json matches no route; portico routes prints their patterns\n',
    ]);
  });

  it("refuses in dev, as in build, a static file that is too large for a Lambda response", async () => {
    const root = await app("large", {
      "functions/index.ts": hello,
      "functions/_public/large.bin": "x".repeat(4_800_000),
    });
    for (const command of ["build", "dev"]) {
      const { code, stderr } = await run([command], root);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^error ASSET_TOO_LARGE: functions\/_public\/large\.bin is 4\.6 MB; .*\nfix: .*\n$/),
      ]);
    }
  });

  it("says that the folder for temporary files is missing", async () => {
    const root = await app("temporary", { "functions/index.ts": hello });
    const { code, stderr } = await run(["build"], root, { env: { TMPDIR: join(root, "none") } });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^error NO_TMPDIR: .*none, which TMPDIR names\nfix: Run mkdir -p .*none, or unset TMPDIR\n$/,
      ),
    ]);
  });

  it("names both files of two routes with the same path", async () => {
    const root = await app("conflict", { "functions/a/[x].ts": hello, "functions/a/[y].ts": hello });
    for (const command of ["build", "routes", "dev"]) {
      const { code, stderr } = await run([command], root);
      expect(code).toBe(1);
      expect(stderr).toContain("error ROUTE_CONFLICT");
      expect(stderr).toContain("functions/a/[x].ts");
      expect(stderr).toContain("functions/a/[y].ts");
    }
  });

  it("says what to do in a folder without an app", async () => {
    const root = await app("empty", { "readme.txt": "nothing" });
    const { code, stderr } = await run(["build"], root);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error NO_ROUTES: .*\nfix: .*portico init.*\n$/);
  });

  it.each(["dev", "build", "routes", "deploy"])(
    "%s reports a misnamed folder, and does not serve its settings as a file",
    async (command) => {
      const root = await app("misnamed", { "function/index.ts": hello, "hosting.json": `{ "name": "demo" }` });
      const words = command === "deploy" ? [command, "--stage", "local"] : [command];
      const { code, stderr } = await run(words, root);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error FUNCTIONS_NAME: .* contains function\/ and .*\nfix: .*mv function functions\n$/);
    },
  );

  it("dev refuses a folder with only a hosting.json, and an unknown target also for static files", async () => {
    const settings = await app("settings", { "api/index.ts": hello, "hosting.json": `{ "name": "demo" }` });
    expect((await run(["dev"], settings)).stderr).toMatch(/^error NO_ROUTES: .*\nfix: .*functions.*\n$/);
    const site = await app("site", { "index.html": "hi" });
    expect((await run(["dev", "--target", "lamda"], site)).stderr).toMatch(/^error BAD_TARGET: .*\nfix: .*\n$/);
  });

  it("shows file, line and code frame of a route that does not build", async () => {
    const root = await app("broken", {
      "functions/index.ts": `export const GET = () => {\n  return new Response("hi";\n};\n`,
    });
    const { code, stderr } = await run(["build"], root);
    expect(code).toBe(1);
    expect(stderr).toContain("functions/index.ts:2:");
    expect(stderr).toContain(`return new Response("hi";`);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.each(["dev", "cloud"])("%s says that its port is in use and how to choose another", async (command) => {
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
