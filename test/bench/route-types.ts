/** Bench of the compiler over 300 routes and 60 calls: routes.d.ts and portico/client, against Hono's type and hc. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { writeTypes } from "../../framework/bundler/app-types.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { type Measured, ratioOf } from "./measurement.ts";

const repository = join(import.meta.dirname, "../..");
const routes = 300;
const calls = 60;

/** A project of TypeScript with these files, and the packages of this checkout. */
async function makeProject(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "portico-bench-types-"));
  await symlink(join(repository, "node_modules"), join(root, "node_modules"));
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
    module: "preserve",
    moduleResolution: "bundler",
    types: ["node"],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    paths: {
      "portico/resource": [join(repository, "framework/features/resource/resource.ts")],
      "portico/client": [join(repository, "framework/features/client/index.ts")],
    },
  };
  const all = {
    "tsconfig.json": JSON.stringify({ compilerOptions, include: ["functions", "*.ts"] }),
    ...files,
  };
  for (const [file, text] of Object.entries(all)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return root;
}

const schemaOf = (index: number): string =>
  `import * as v from "valibot";\n` +
  `export const Note${index} = v.object({ title: v.pipe(v.string(), v.minLength(1)), tags: v.array(v.string()), ` +
  `c${index}: v.optional(v.number()) });\n` +
  `export const Page${index} = v.object({ after: v.optional(v.string()), size: v.string() });\n`;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** One file for each route, and a file with the calls. */
async function ours(): Promise<string> {
  const files: Record<string, string> = {};
  for (const index of range(routes))
    files[`functions/r${index}/[id].ts`] =
      `import { resource } from "portico/resource";\n${schemaOf(index)}` +
      `export const PUT = resource({ body: Note${index} }, ({ body, params }) => ` +
      `({ ...body, id: params.id, n: ${index} }));\n` +
      `export const GET = resource({ query: Page${index} }, ({ query }) => ` +
      `({ page: query, notes: [{ n: ${index} }] }));\n`;
  files["calls.ts"] =
    `import { createClient } from "portico/client";\nimport type { Routes } from "./routes.d.ts";\n` +
    `const api = createClient<Routes>("");\n` +
    range(calls)
      .map(
        (index) =>
          `const n${index}: number = (await api.put("/r${index * 5}/[id]", ` +
          `{ params: { id: 1 }, body: { title: "a", tags: [] } })).n;\n`,
      )
      .join("") +
    "export {};\n";
  const root = await makeProject(files);
  writeTypes({ app: { root, env: {}, secrets: [] }, routes: await discoverRoutes(root), jobs: [] });
  return root;
}

/** Hono's way: one chain of routes, whose type the client is given. */
function hono(): Promise<string> {
  const files: Record<string, string> = {};
  for (const index of range(routes)) files[`functions/n${index}.ts`] = schemaOf(index);
  files["app.ts"] =
    `import { Hono } from "hono";\nimport { validator } from "hono/validator";\nimport * as v from "valibot";\n` +
    range(routes)
      .map((index) => `import { Note${index}, Page${index} } from "./functions/n${index}.ts";\n`)
      .join("") +
    `const app = new Hono()\n` +
    range(routes)
      .map(
        (index) =>
          `  .put("/r${index}/:id", validator("json", (value) => v.parse(Note${index}, value)), ` +
          `(c) => c.json({ ...c.req.valid("json"), id: c.req.param("id"), n: ${index} }))\n` +
          `  .get("/r${index}/:id", validator("query", (value) => v.parse(Page${index}, value)), ` +
          `(c) => c.json({ page: c.req.valid("query"), notes: [{ n: ${index} }] }))\n`,
      )
      .join("") +
    ";\nexport type App = typeof app;\n";
  files["calls.ts"] =
    `import { hc } from "hono/client";\nimport type { App } from "./app.ts";\nconst api = hc<App>("");\n` +
    range(calls)
      .map(
        (index) =>
          `const n${index}: number = (await (await api.r${index * 5}[":id"].$put(` +
          `{ param: { id: "1" }, json: { title: "a", tags: [] } })).json()).n;\n`,
      )
      .join("") +
    "export {};\n";
  return makeProject(files);
}

/** Seconds of processor time, and megabytes, of one run of the compiler. Throws where the project does not compile. */
async function check(root: string): Promise<{ readonly seconds: number; readonly memory: number }> {
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  const script = `"${process.execPath}" "${tsc}" -p . --extendedDiagnostics && times`;
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: root, maxBuffer: 64 * 1024 ** 2 });
  const [, memory = "0"] = /Memory used:\s+(\d+)K/.exec(stdout) ?? [];
  const spent = [...(stdout.trim().split("\n").at(-1) ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  const seconds = spent.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { seconds, memory: Number(memory) / 1024 };
}

/** The rows of `npm run bench -- route-types`. */
export async function routeTypes(): Promise<readonly Measured[]> {
  const [own, other] = [await ours(), await hono()];
  const [we, they] = [await check(own), await check(other)];
  for (const root of [own, other]) await rm(root, { recursive: true });
  const setup = { against: "hono's hc", rounds: 1 } as const;
  return [
    ratioOf({ ...setup, name: "types of 300 routes, CPU", unit: "s", bar: "<= 0.2" }, [we.seconds], [they.seconds]),
    ratioOf({ ...setup, name: "types of 300 routes, memory", unit: "MB", bar: "<= 0.4" }, [we.memory], [they.memory]),
  ];
}
