/** What a function that imports `portico/log` has, and that others stay as they are. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { targets } from "../../framework/model/target.ts";
import { build, makeFolder } from "./test-app.ts";

const route = (imports: string, first: string): string =>
  `${imports}\nexport const GET = async (_: Request, context: never) => {\n  ${first};\n` +
  `  return new Response("hi");\n};\n`;

const plain = route("", "await undefined");
const logs = route(`import { logger } from "portico/log";`, `logger(context, { a: 1 }).info("b")`);
const files = {
  "functions/index.ts": plain,
  "functions/users/[id].ts": route(`import { note } from "../_lib/note.ts";`, "note(context)"),
  "functions/_lib/note.ts":
    `import { count, logger, traceHeaders } from "portico/log";\n` +
    `export const note = (context: never) => {\n` +
    `  logger(context, traceHeaders(context)).info("a");\n  count("b", 1);\n};\n`,
};

describe.each(targets)("on %s", (target) => {
  const codeOf = async (root: string, id: string, app = {}): Promise<string> => {
    const { out, manifest } = await build(root, target, app);
    const modules = manifest.modules?.filter(({ type }) => type === "esm").map(({ name }) => name);
    const main = manifest.functions.find((fn) => fn.id === id)!.main;
    // What is shared with other routes is in chunks.
    const names = [...new Set([main, ...(modules?.filter((name) => name.startsWith("chunks/")) ?? [])])];
    return names.map((name) => readFileSync(join(out, name), "utf8")).join("\n");
  };

  it("a function that logs, whatever imports it, knows its route, the stage and the level", async () => {
    const app = { stage: "prod", logLevel: "warn" } as const;
    const code = await codeOf(makeFolder(files), "users-id", app);
    expect(code).toContain('"/users/:id"');
    expect(code).toContain('"prod",["debug","info"]');
  });

  it("a function without it is equal in an app where another one has it", async () => {
    const read = async (root: string): Promise<Buffer> => {
      const { out, manifest } = await build(root, target);
      return readFileSync(join(out, manifest.functions.find(({ id }) => id === "index")!.main));
    };
    expect(await read(makeFolder(files))).toEqual(
      await read(makeFolder({ "functions/index.ts": plain, "functions/users/[id].ts": plain })),
    );
  });
});

it("adds at most 515 compressed bytes to a function on Lambda, its trace included", async () => {
  const size = async (source: string): Promise<number> => {
    const { out, manifest } = await build(makeFolder({ "functions/index.ts": source }), "lambda");
    return gzipSync(readFileSync(join(out, manifest.functions[0]!.main)), { level: 9 }).length;
  };
  expect((await size(logs)) - (await size(plain))).toBeLessThanOrEqual(515);
});
