/** Route and middleware files: methods from their exports, and errors for unusable ones. */
import { describe, expect, it } from "vitest";
import { scanMethods } from "../../framework/bundler/route-exports.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { type Files, makeFolder } from "./test-app.ts";

async function scan(files: Files): Promise<Readonly<Record<string, unknown>>> {
  const root = makeFolder(files);
  return Object.fromEntries(await scanMethods(root, await discoverRoutes(root)));
}

const failure = (files: Files): Promise<unknown> =>
  scan(files).then(
    () => "nothing was wrong",
    (error: unknown) => error,
  );

describe("scanMethods()", () => {
  it("reads methods without running the file, in the order of an Allow header", async () => {
    const found = await scan({
      "functions/index.ts":
        `throw new Error("never run"); export const DELETE = 1, GET = 2; ` +
        `export function POST() {} export type Get = 1;`,
      "functions/app.tsx":
        `import { Hono } from "hono"; export default new Hono().get("/app", (c) => ` + `c.html(<p>hi</p>));`,
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

  it("names the first of the syntax errors in many files, and counts the others", async () => {
    const good = Array.from({ length: 70 }, (_, index) => [`functions/m${index}.ts`, "export const GET = 1;"] as const);
    const bad = { "functions/b.ts": "export const GET = ;", "functions/z.ts": "export const GET = 1 2;" };
    expect(await failure({ ...Object.fromEntries(good), ...bad })).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringMatching(/, and 1 more$/),
      at: [expect.objectContaining({ file: "functions/b.ts" })],
    });
  });

  it.each([
    `export default async function handler(request: Request) { return new Response("hi"); }`,
    `const a = 1;\nexport default function () { return new Response(String(a)); }`,
    `export default () => new Response("hi");`,
    `export default async (request: Request, { params }: { params: object }) => Response.json(params);`,
    `export default request => new Response(request.url);`,
  ])("refuses a function as default, which other frameworks take: %s", async (text) => {
    const line = text.split("\n").length;
    expect(await failure({ "functions/a.ts": text })).toMatchObject({
      code: "ROUTE_EXPORT",
      message: expect.stringMatching(/^functions\/a.ts exports a function as default/),
      fix: expect.stringContaining("export const GET"),
      at: [{ file: "functions/a.ts", line, column: 8 }],
    });
  });

  it.each([
    `export default (() => ({ fetch: () => new Response("made") }))();`,
    `export default (async () => 1, { fetch: () => new Response("comma") });`,
    `export default function app() {}\napp.fetch = () => new Response("a member");`,
    `export default Object.assign(function () {}, { fetch: () => new Response("assigned") });`,
    `const text = \`\nexport default function GET() {}\`;\nexport default { fetch: () => new Response(text) };`,
    `export default class App { static fetch() { return new Response("static"); } }`,
  ])("leaves what may have a fetch to its first load: %s", async (text) => {
    expect(await scan({ "functions/a.ts": text })).toEqual({ a: "fetch" });
  });

  it("reports the place of a misspelt method", async () => {
    const error = await failure({ "functions/index.ts": `const a = 1;\nexport const Psot = () => a;\n` });
    expect(error).toMatchObject({
      code: "ROUTE_EXPORT",
      fix: "Did you mean POST?",
      at: [{ file: "functions/index.ts", line: 2, column: 14 }],
    });
    expect(await failure({ "functions/index.ts": `export const get = 1;` })).toMatchObject({
      fix: "Did you mean GET?",
    });
  });

  it("rejects exports that are not handlers", async () => {
    const error = await failure({ "functions/index.ts": `export const GET = 1;\nexport const helperTable = {};` });
    expect(error).toMatchObject({
      code: "ROUTE_EXPORT",
      fix: expect.stringContaining("_lib") as string,
      at: [{ line: 2 }],
    });
  });

  it("rejects a default export with methods, no export, and middleware without a default", async () => {
    expect(await failure({ "functions/index.ts": `export const GET = 1;\nexport default {};` })).toMatchObject({
      code: "ROUTE_EXPORT",
      at: [{ line: 1 }],
    });
    expect(await failure({ "functions/index.ts": `console.log(1);` })).toMatchObject({ code: "ROUTE_EXPORT" });
    const middleware = {
      "functions/index.ts": `export const GET = 1;`,
      "functions/_middleware.ts": `export const use = 1;`,
    };
    expect(await failure(middleware)).toMatchObject({
      code: "ROUTE_EXPORT",
      at: [{ file: "functions/_middleware.ts" }],
    });
  });

  it("shows a syntax error with its line and a caret", async () => {
    const error = await failure({ "functions/index.ts": `export const GET = 1;\nconst 한글 = ;\n` });
    expect(error).toMatchObject({ code: "BUILD_FAILED", at: [{ file: "functions/index.ts", line: 2, column: 12 }] });
    expect(error).toHaveProperty("at.0.frame", expect.stringMatching(/2 \| const 한글 = ;\n.*\^/));
  });
});
