/** `portico start` as a person runs it: the node build in production. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository, run, start } from "./portico.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-deploy-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function app(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder, name);
  await mkdir(root, { recursive: true });
  await symlink(join(repository, "node_modules"), join(root, "node_modules"));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(root, file, ".."), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return root;
}

const says = (text: string): string => `export const GET = () => new Response(${JSON.stringify(text)});\n`;

describe("portico start", () => {
  it("serves the node build in production: no detail of an error, and a clear error without a build", async () => {
    const root = await app("start", {
      "functions/index.ts": says("built"),
      "functions/boom.ts": `export const GET = () => { throw new Error("detail"); };\n`,
      "functions/_public/a.txt": "asset",
    });
    const early = await run(["start", "--port", "0"], root);
    expect(early.code).toBe(1);
    expect(early.stderr).toMatch(/^error NO_BUILD: .*\nfix: .*portico build --target node.*\n$/);
    expect((await run(["build", "--target", "node"], root)).code).toBe(0);
    const running = start(["start", "--port", "0"], root);
    const url = (await running.until(/http:\/\/127\.0\.0\.1:\d+/))[0];
    expect(await (await fetch(url)).text()).toBe("built");
    expect(await (await fetch(`${url}/a.txt`)).text()).toBe("asset");
    const boom = await fetch(`${url}/boom`, { headers: { accept: "text/html" } });
    expect(boom.status).toBe(500);
    expect(await boom.text()).toMatch(/^\{"error":"Internal Server Error","requestId":"[^"]+"\}$/);
    expect(await running.stop("SIGTERM")).toBe(0);
  });
});
