/** What a function that imports `portico/session` has, on every target, and what an app must declare. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { targets } from "../../framework/model/target.ts";
import { build, makeFolder } from "./test-app.ts";

const plain = `export const GET = () => new Response("hi");\n`;
const files = {
  "functions/index.ts": plain,
  "functions/in/_middleware.ts": `import { session } from "portico/session";\nexport default session();\n`,
  "functions/in/who.ts":
    `import { currentUser } from "portico/session";\n` +
    `export const GET = (_: Request, context: never) => Response.json(currentUser(context) ?? null);\n`,
  "functions/kept/_middleware.ts":
    `import { session } from "portico/session";\nimport { store } from "portico/store";\n` +
    `export default session({ store });\n`,
  "functions/kept/who.ts": plain,
};

describe.each(targets)("on %s", (target) => {
  const secrets = { secrets: ["SESSION_KEYS"] };

  it("a function needs a store only where one is passed, and has no passwords and no throttling", async () => {
    const { out, manifest } = await build(makeFolder(files), target, secrets);
    const needs = Object.fromEntries(manifest.functions.map((fn) => [fn.id, fn.needs]));
    expect(needs).toEqual({ index: undefined, "in-who": undefined, "kept-who": ["store"] });
    if (target !== "lambda") return;
    const code = readFileSync(join(out, manifest.functions.find(({ id }) => id === "in-who")!.main), "utf8");
    expect(code).toContain("Fe26.2");
    expect(code).not.toMatch(/scrypt|retry-after|DynamoDB|sec-fetch-site/);
  });

  it.runIf(target === "lambda")("a function without it is equal in an app where another one has it", async () => {
    const read = async (root: string): Promise<Buffer> => {
      const { out, manifest } = await build(root, target, secrets);
      return readFileSync(join(out, manifest.functions.find(({ id }) => id === "index")!.main));
    };
    expect(await read(makeFolder(files))).toEqual(await read(makeFolder({ "functions/index.ts": plain })));
  });

  it("passwords alone need no secret, and bring no sessions", async () => {
    const login =
      `import { verifyPassword } from "portico/password";\n` +
      `export const POST = async () => Response.json(await verifyPassword("", undefined) ?? null);\n`;
    const { out, manifest } = await build(makeFolder({ "functions/login.ts": login }), target);
    if (target !== "lambda") return;
    const code = readFileSync(join(out, manifest.functions[0]!.main), "utf8");
    expect(code).toContain("scrypt");
    expect(code).not.toMatch(/Fe26\.2|SESSION_KEYS/);
  });

  it("a build without the secret says what to write", async () => {
    await expect(build(makeFolder(files), target)).rejects.toMatchObject({
      code: "SESSION_KEYS",
      fix: expect.stringMatching(
        /^Write "secrets": \["KEY","SESSION_KEYS"\] into hosting\.json\..*portico secret set .* portico\/password /s,
      ),
    });
  });
});
