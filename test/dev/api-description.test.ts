/** The description of an API: what it says, that two validators take it, and where the app's code runs for it. */
// @module-tag check
import { readdirSync, symlinkSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeApi } from "../../framework/dev/api-description.ts";
import type { OpenApiDocument } from "../../framework/dev/openapi-document.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { defaultApp } from "../config/default-app.ts";
import { makeFolder } from "./gateway-app.ts";

const repository = join(import.meta.dirname, "../..");
const packages = ["valibot", "zod", "hono", "portico", "@valibot/to-json-schema"];

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function makeApp(files: Readonly<Record<string, string>>, names = packages): Promise<string> {
  const root = await makeFolder({ "package.json": `{ "name": "described", "version": "1.2.3" }`, ...files });
  folders.push(root);
  for (const name of names) {
    const link = join(root, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    symlinkSync(name === "portico" ? repository : join(repository, "node_modules", name), link);
  }
  return root;
}

const describeFolder = async (root: string): Promise<OpenApiDocument> =>
  describeApi(defaultApp(root, {}), await discoverRoutes(root));

const files = {
  "functions/index.ts": `export const GET = () => new Response("a page");\n`,
  "functions/notes/_middleware.ts": `import { bearerAuth } from "hono/bearer-auth";
export default bearerAuth({ token: "a" });
export const openapi = () => ({
  components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  security: [{ token: [] }],
  tags: ["all"],
});
`,
  "functions/notes/index.ts": `import { created, resource } from "portico/resource";
import { idempotent } from "portico/store";
import * as v from "valibot";
const Note = v.object({ title: v.pipe(v.string(), v.minLength(1)), tags: v.optional(v.array(v.string()), []) });
const Name = v.pipe(v.string(), v.regex(/^\\p{L}+$/u), v.regex(/^.{2}/), v.regex(/^a/i), v.trim(), v.regex(/[^b]$/u));
const Page = v.object({ after: v.optional(v.string()), name: Name, size: v.pipe(v.string(), v.toNumber()) });
export const GET = resource({ query: Page, response: v.array(Note) }, () => []);
export const POST = idempotent(resource({ body: Note }, ({ body }) => created(body, "/notes/1")));
export const openapi = () => ({ POST: { summary: "Add a note", tags: ["notes"] } });
`,
  "functions/notes/[id].ts": `import { resource } from "portico/resource";
import * as z from "zod";
const Comment = z.object({ text: z.string(), get replies() { return z.array(Comment); } });
const Id = z.object({ id: z.coerce.number().int() });
const Change = z.object({ default: z.literal("#/$defs/x").optional() }).optional();
export const GET = resource({ params: Id, response: Comment }, () => ({ text: "", replies: [] }));
export const PATCH = resource({ body: Change }, () => undefined);
const responses = { "4XX": { description: "Other errors" } };
export const openapi = () => ({ GET: { security: [] }, PATCH: { responses } });
`,
  "functions/wiki/[[...path]].ts": `import { resource } from "portico/resource";
import * as z from "zod/mini";
export const GET = resource({ response: z.object({ path: z.string() }) }, () => ({ path: "" }));
`,
  "functions/node-only.ts": `import { resource } from "portico/resource";
if (navigator.userAgent === "Cloudflare-Workers") throw new Error("this needs Node");
console.log("printed while it loads");
export const GET = resource({}, () => 1);
`,
  "functions/app/[[...path]].ts": `import { Hono } from "hono"; export default new Hono();\n`,
};

describe("an app with schemas of three libraries", () => {
  let document: OpenApiDocument;
  beforeAll(async () => {
    document = await describeFolder(await makeApp(files));
  });

  it("has the paths of its resources alone, an optional rest as two", () => {
    expect(Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item)])).toEqual([
      ["/node-only", ["get"]],
      ["/notes", ["get", "post"]],
      ["/notes/{id}", ["get", "patch"]],
      ["/wiki", ["get"]],
      ["/wiki/{path}", ["get"]],
    ]);
    expect(document.info).toEqual({ title: defaultApp("", {}).name, version: "1.2.3" });
  });

  it("says what the schemas say", () => {
    expect(document.paths["/notes"]!["post"]).toMatchObject({
      operationId: "post-notes",
      summary: "Add a note",
      tags: ["notes"],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: {
              type: "object",
              required: ["title"],
              properties: {
                title: { type: "string", minLength: 1 },
                tags: { type: "array", items: { type: "string" } },
              },
            },
          },
        },
      },
    });
    expect(document.paths["/notes"]!["get"]).toMatchObject({
      parameters: [
        { name: "after", in: "query", schema: { type: "string" } },
        {
          name: "name",
          in: "query",
          schema: { type: "string", pattern: "^\\p{L}+$", allOf: [{ pattern: "^.{2}" }, { pattern: "[^b]$" }] },
        },
        { name: "size", in: "query", required: true, schema: { type: "string" } },
      ],
    });
    expect(document.paths["/notes/{id}"]!["patch"]).toMatchObject({
      requestBody: { required: false },
      responses: { "2XX": { description: "Success" }, "4XX": { description: "Other errors" } },
    });
    const schema = { $ref: "#/components/schemas/get-notes-id-response" };
    expect(document.paths["/notes/{id}"]!["get"]).toMatchObject({
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" } }],
      responses: { "2XX": { content: { "application/json": { schema } } } },
    });
  });

  it("says what the middleware above says: security schemes, and fields of methods that have none of their own", () => {
    const { components, paths } = document;
    expect(components["securitySchemes"]).toEqual({ token: { type: "http", scheme: "bearer" } });
    expect(Object.keys(components["responses"] as object)).toEqual(["Problem"]);
    const said = (path: string, method: string): unknown => {
      const { security, tags } = paths[path]![method] as { readonly security?: unknown; readonly tags?: unknown };
      return [security, tags];
    };
    expect(said("/notes", "get")).toEqual([[{ token: [] }], ["all"]]);
    expect(said("/notes", "post")).toEqual([[{ token: [] }], ["notes"]]);
    expect(said("/notes/{id}", "get")).toEqual([[], ["all"]]);
    expect(said("/wiki", "get")).toEqual([undefined, undefined]);
  });

  it("is valid by the schema of OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document) as never);
    expect([valid, errors, validator.version]).toEqual([true, undefined, "3.1"]);
    const broken = await new Validator().validate({ ...document, paths: { notes: {} } });
    expect(broken.valid).toBe(false);
  });

  it("is valid by the rules of Redocly", async () => {
    const config = await createConfig({ extends: ["spec"], rules: { "no-unresolved-refs": "error" } });
    const problemsOf = async (source: object) =>
      (await lintFromString({ source: JSON.stringify(source), config })).map(
        ({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer] as const,
      );
    expect(await problemsOf(document)).toEqual([]);
    expect(await problemsOf({ ...document, components: {} })).not.toEqual([]);
  });
});

it("the code that runs for it reaches no network", async () => {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.end("reached");
  }).listen(0, "127.0.0.1");
  afterAll(() => void server.close());
  await new Promise((done) => server.once("listening", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const root = await makeApp({
    "functions/index.ts": `import { resource } from "portico/resource";
let said = "nothing";
const isWorkerd = navigator.userAgent === "Cloudflare-Workers";
if (isWorkerd) await fetch("${url}").then(() => { said = "reached"; }, () => { said = "refused"; });
export const GET = resource({}, () => 1);
export const openapi = () => ({ GET: { summary: said } });
`,
  });
  expect((await describeFolder(root)).paths["/"]).toMatchObject({ get: { summary: "refused" } });
  expect(requests).toBe(0);
});

it("a schema that nothing converts names the package to install", async () => {
  const only = { "functions/notes/index.ts": files["functions/notes/index.ts"] };
  const root = await makeApp(only, ["valibot", "portico"]);
  await expect(describeFolder(root)).rejects.toMatchObject({
    code: "OPENAPI_SCHEMA",
    fix: "Run npm install --save-dev @valibot/to-json-schema",
    at: [{ file: "functions/notes/index.ts" }],
  });
});

it("a schema that JSON Schema cannot say, and a file that throws, are told by their names", async () => {
  const date = `import { resource } from "portico/resource"; import * as z from "zod";
export const GET = resource({ response: z.object({ at: z.date() }) }, () => ({ at: new Date() }));\n`;
  await expect(describeFolder(await makeApp({ "functions/date.ts": date }))).rejects.toMatchObject({
    code: "OPENAPI_FAILED",
    message: expect.stringContaining("functions/date.ts cannot be described: the schema of GET's response cannot be"),
  });
  const throws = `throw new Error("no env here"); export const GET = () => new Response();\n`;
  await expect(describeFolder(await makeApp({ "functions/throws.ts": throws }))).rejects.toMatchObject({
    code: "OPENAPI_FAILED",
    message: "functions/throws.ts cannot be described: no env here",
  });
});

it("middleware's openapi that is no function, or that describes a method, is told", async () => {
  const withMiddleware = (openapi: string) =>
    makeApp({ ...files, "functions/notes/_middleware.ts": `export default [];\nexport const openapi = ${openapi};\n` });
  await expect(describeFolder(await withMiddleware(`{ tags: ["a"] }`))).rejects.toMatchObject({
    code: "OPENAPI_FAILED",
    message: expect.stringContaining("functions/notes/_middleware.ts cannot be described: its openapi is no function"),
  });
  await expect(describeFolder(await withMiddleware(`() => ({ PUT: { summary: "a" } })`))).rejects.toMatchObject({
    message: expect.stringContaining("its openapi has PUT: a route's file describes methods"),
  });
});

it.each([
  [`{ tag: ["a"] }`, `its openapi has "tag", which is not tags, summary, `],
  [`{ tags: "a" }`, `its openapi has "tags", which is not a list`],
  [`{ operationId: "a" }`, `its openapi has "operationId", which each operation has for itself`],
  [`{ components: { schema: {} } }`, `its openapi's components has "schema", which is not schemas, `],
  [`{ components: { schemas: { Problem: {} } } }`, "its openapi has components.schemas.Problem, which is Portico's"],
  [
    `{ components: { securitySchemes: { key: { type: "apikey", name: "key", in: "header" } } } }`,
    `its openapi's components.securitySchemes.key has the type "apikey", which is not apiKey, http, `,
  ],
])("middleware's openapi %s is told", async (fields, message) => {
  const text = `export default [];\nexport const openapi = () => (${fields});\n`;
  const root = await makeApp({ ...files, "functions/notes/_middleware.ts": text });
  await expect(describeFolder(root)).rejects.toMatchObject({
    code: "OPENAPI_FAILED",
    message: expect.stringContaining(`functions/notes/_middleware.ts cannot be described: ${message}`),
  });
});

it.each([
  [`{ get: { summary: "a" } }`, `its openapi has "get", which is not GET, POST, PUT, PATCH or DELETE`],
  [`{ PUT: { summary: "a" } }`, "its openapi has PUT, which it does not export"],
  [`{ GET: { summery: "a" } }`, `its openapi's GET has "summery", which is not tags, `],
  [`{ GET: "a" }`, "its openapi's GET is no object"],
])("a route's openapi %s is told", async (fields, message) => {
  const text = `export const GET = () => new Response();\nexport const openapi = () => (${fields});\n`;
  await expect(describeFolder(await makeApp({ "functions/index.ts": text }))).rejects.toMatchObject({
    message: expect.stringContaining(`functions/index.ts cannot be described: ${message}`),
  });
});

it("a package.json that is none is told, and a file that ends the process", async () => {
  const root = await makeApp({ "package.json": "null", "functions/index.ts": files["functions/index.ts"] });
  await expect(describeFolder(root)).rejects.toMatchObject({
    code: "OPENAPI_FAILED",
    message: expect.stringMatching(/^package\.json cannot be read: /) as string,
    at: [{ file: "package.json" }],
  });
  const ends = `import { resource } from "portico/resource";\nimport "node:dgram";\nprocess.exit(0);\n`;
  const gone = await makeApp({ "functions/index.ts": `${ends}export const GET = resource({}, () => 1);\n` });
  await expect(describeFolder(gone)).rejects.toMatchObject({
    message: "the app's code ended early",
    fix: "Move what ends the process into handlers.",
  });
  expect(readdirSync(gone).toSorted()).toEqual([".portico", "functions", "node_modules", "package.json"]);
});
