import { describe, expect, it } from "vitest";
import { scanMethods } from "../../framework/build/scan.ts";
import { discover } from "../../framework/routes/discover.ts";
import { type Files, makeFolder } from "./app.ts";

async function scan(files: Files): Promise<Readonly<Record<string, unknown>>> {
  const root = makeFolder(files);
  return Object.fromEntries(await scanMethods(root, await discover(root)));
}

const failure = (files: Files): Promise<unknown> =>
  scan(files).then(
    () => "nothing was wrong",
    (error: unknown) => error,
  );

describe("scanMethods()", () => {
  it("reads methods without running the file, in the order of an Allow header", async () => {
    const found = await scan({
      "functions/index.ts": `throw new Error("never run"); export const DELETE = 1, GET = 2; export function POST() {} export type Get = 1;`,
      "functions/app.tsx": `import { Hono } from "hono"; export default new Hono().get("/app", (c) => c.html(<p>hi</p>));`,
    });
    expect(found).toEqual({ index: ["GET", "POST", "DELETE"], app: "fetch" });
  });

  it("follows export * and renamed exports", async () => {
    const found = await scan({
      "functions/a.ts": `export * from "./_lib/handlers.ts"; export const PUT = 1;`,
      "functions/b.ts": `export { GET as OPTIONS } from "./_lib/handlers.ts";`,
      "functions/_lib/handlers.ts": `export * from "./deep.ts"; export const GET = 1;`,
      "functions/_lib/deep.ts": `export const PATCH = 1;`,
    });
    expect(found).toEqual({ a: ["GET", "PUT", "PATCH"], b: ["OPTIONS"] });
  });

  it("names the place of a method that is misspelt", async () => {
    const error = await failure({ "functions/index.ts": `const a = 1;\nexport const Psot = () => a;\n` });
    expect(error).toMatchObject({
      code: "ROUTE_EXPORT",
      fix: "Did you mean POST?",
      at: [{ file: "functions/index.ts", line: 2, column: 14 }],
    });
    expect(await failure({ "functions/index.ts": `export const get = 1;` })).toMatchObject({ fix: "Did you mean GET?" });
  });

  it("refuses exports that would ship and serve nothing", async () => {
    const error = await failure({ "functions/index.ts": `export const GET = 1;\nexport const helperTable = {};` });
    expect(error).toMatchObject({ code: "ROUTE_EXPORT", fix: expect.stringContaining("_lib") as string, at: [{ line: 2 }] });
  });

  it("refuses a default export beside methods, no export, and middleware without a default", async () => {
    expect(await failure({ "functions/index.ts": `export const GET = 1;\nexport default {};` })).toMatchObject({
      code: "ROUTE_EXPORT",
      at: [{ line: 1 }],
    });
    expect(await failure({ "functions/index.ts": `console.log(1);` })).toMatchObject({ code: "ROUTE_EXPORT" });
    const middleware = { "functions/index.ts": `export const GET = 1;`, "functions/_middleware.ts": `export const use = 1;` };
    expect(await failure(middleware)).toMatchObject({ code: "ROUTE_EXPORT", at: [{ file: "functions/_middleware.ts" }] });
  });

  it("shows a syntax error with its line and a caret", async () => {
    const error = await failure({ "functions/index.ts": `export const GET = 1;\nconst 한글 = ;\n` });
    expect(error).toMatchObject({ code: "BUILD_FAILED", at: [{ file: "functions/index.ts", line: 2, column: 12 }] });
    expect(error).toHaveProperty("at.0.frame", expect.stringMatching(/2 \| const 한글 = ;\n.*\^/));
  });
});
