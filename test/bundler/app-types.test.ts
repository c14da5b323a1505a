/** routes.d.ts: what it declares makes wrong names, data, env, variables and calls errors of the compiler. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { typesFile, writeTypes } from "../../framework/bundler/app-types.ts";
import { discoverJobs } from "../../framework/routes/job-discovery.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { appFolder } from "../routes/app-folder.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

const files = {
  "functions/_jobs/digest.ts": `import { type Job, send } from "portico/jobs";
export default (async (data, context) => {
  const team: string | undefined = data?.team;
  const scheduled: Date | undefined = context.scheduled;
  // A job may send itself.
  if (team && scheduled) await send(context, "digest", { team });
}) satisfies Job<{ team: string } | null>;
`,
  "functions/_jobs/mail.ts": `import type { Job } from "portico/jobs";
const mail: Job<{ to: string }> = ({ to }, { signal }) => fetch(to, { signal });
export default mail;
`,
  "functions/_jobs/plain.ts": `export default async (data: readonly number[]) => { console.log(data); };\n`,
  "functions/_middleware.ts": `import { createMiddleware } from "hono/factory";
import { csrf } from "hono/csrf";
export default [csrf(), createMiddleware<{ Variables: { user: string } }>(async (c, next) => {
  c.set("user", "ada");
  await next();
})] as const;
`,
  "functions/(in)/_middleware.ts": `import { createMiddleware } from "hono/factory";
export default createMiddleware<{ Variables: { team: number } }>((_c, next) => next());
`,
  "functions/(in)/notes/[id].ts": `import type { Handler } from "portico";
import { resource } from "portico/resource";
import * as v from "valibot";
export const GET: Handler<"/notes/[id]"> = (_request, { params, env, var: { user, team } }) =>
  new Response(params.id + env.GREETING.length + env.KEY.length + user.length + team.toFixed());
export const PUT = resource({ body: v.object({ title: v.string() }) }, ({ body }) => ({ ...body, at: new Date() }));
export const PATCH = resource({ path: "/notes/[id]" }, ({ params, context: { var: { user, team } } }) => {
  const id: string = params.id;
  return { id, size: user.length + team };
});
`,
  "functions/index.ts": `export const GET = () => new Response("hi");\n`,
};

const views = {
  "functions/_views/base.jinja":
    "{{ title }}{% if user %}{{ user.name }}{{ mail }}{% else %}{{ 'a' if old else door }}{% endif %}" +
    "{% block body %}{{ body }}{% endblock %}{{ lang|default('en') }}",
  "functions/_views/page.jinja":
    "{% extends 'base.jinja' %}{% from 'macros.jinja' import row %}{% set active = 1 %}{% block body %}" +
    "{% for item in items %}{{ row(item) }}{% include './part.jinja' %}{{ loop.index }}{% endfor %}{% endblock %}",
  "functions/_views/part.jinja": "{{ item.name }}{{ active }}{{ footer }}{{ size == 'a' and note or '' }}",
  "functions/_views/macros.jinja": "{% macro row(item, more=1) %}{{ item }}{{ more }}{{ hidden }}{% endmacro %}",
  "functions/_views/broken.jinja": "{% if %}",
  "functions/_views/same.jinja": "{{ one }}",
  "functions/admin/_views/same.jinja": "{{ two }}",
};

it("a template's data are checked: names that it needs, those that it asks for, and no others", async () => {
  const right = [
    `page({ title: "t", items: [], footer: 1 })`,
    `page({ title: "t", items: [], footer: 1, user: { name: "a" }, lang: "ko", size: "a", mail: 1 }, { status: 404 })`,
    `page({ title: "t", items: [], footer: 1, note: 1, body: 1, door: 1 })`,
    `page.render({ title: undefined, items: [], footer: 1 })`,
    `base({ title: "t", body: "b" })`,
    `broken({ any: 1 })`,
    `same({ any: 1 })`,
    `ofAdmin({ two: 1 })`,
  ];
  const wrong = [
    `page({ titel: "t", items: [], footer: 1 })`,
    `page({ title: "t", items: [] })`,
    `page({ title: "t", items: [], footer: 1, usr: 1 })`,
    `page()`,
    `page.render({})`,
    `base({ title: "t" })`,
    `ofAdmin({ one: 1 })`,
  ];
  const names = ["page", "base", "broken", "same"];
  const imports = names.map((name) => `import ${name} from "../_views/${name}.jinja";\n`).join("");
  const admin = `import ofAdmin from "../admin/_views/same.jinja";\n`;
  const text = `${imports}${admin}export const all = () => [\n${[...right, ...wrong].join(",\n")}\n];\n`;
  const root = await typedApp(text, views);
  const lines = (await compile(root)).split("\n").filter((line) => /^\S+\.ts\(/.test(line));
  const first = names.length + 3 + right.length;
  const found = lines.map((line) => Number(/^functions\/_lib\/calls\.ts\((\d+),/.exec(line)?.[1]));
  expect([...new Set(found)]).toEqual(wrong.map((_, index) => first + index));
  for (const file of Object.keys(views)) rmSync(join(root, file));
  expect(writeTypes({ app: { root, ...app }, routes: await discoverRoutes(root), jobs: [] })).toBe(true);
  expect(existsSync(join(root, "templates.d.ts"))).toBe(false);
  expect(readFileSync(join(root, typesFile), "utf8")).not.toContain("reference");
});

const outer = `VariablesOf<typeof import("./functions/_middleware.ts").default>`;
const inner = `VariablesOf<typeof import("./functions/(in)/_middleware.ts").default>`;

const app = { env: { GREETING: "hello" }, secrets: ["KEY"] };

const calls = (...lines: readonly string[]): string =>
  `import { send } from "portico/jobs";
import { createClient } from "portico/client";
import { resource } from "portico/resource";
import type { Context, Handler } from "portico";
import type { Routes } from "../../routes.d.ts";
const api = createClient<Routes>("");
export const GET: Handler<"/notes/[id]"> = async (_request, context) => {
  const { env, params } = context as Context<"/notes/[id]">;
${lines.map((line) => `  ${line};\n`).join("")}  return new Response(String(env) + String(params));
};
`;

async function compile(root: string): Promise<string> {
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  try {
    await promisify(execFile)(process.execPath, [tsc, "-p", root], { cwd: root });
    return "";
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

async function typedApp(text: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const root = appFolder({ ...files, ...more, "functions/_lib/calls.ts": text });
  const template = readFileSync(join(repository, "framework/cli/template/tsconfig.json"), "utf8");
  // The sources of Portico, unlike the package's declarations, need Node's types.
  writeFileSync(join(root, "tsconfig.json"), template.replace(`"types": []`, `"types": ["node"]`));
  mkdirSync(join(root, "node_modules/@types"), { recursive: true });
  symlinkSync(repository, join(root, "node_modules/portico"));
  for (const name of ["@types/node", "hono", "valibot"])
    symlinkSync(join(repository, "node_modules", name), join(root, "node_modules", name));
  const [routes, jobs] = await Promise.all([discoverRoutes(root), discoverJobs({ root })]);
  const types = { app: { root, ...app }, routes, jobs };
  expect([writeTypes(types), writeTypes(types)]).toEqual([true, false]);
  return root;
}

it("right names and data compile", async () => {
  const root = await typedApp(
    calls(
      `await send(context, "digest")`,
      `await send(context, "digest", { team: "a" }, { delay: 5 })`,
      `await send(context, "mail", { to: "a" })`,
      `await send(context, "plain", [1])`,
      `const at: string = (await api.put("/notes/[id]", { params: { id: 1 }, body: { title: at } })).at`,
      `resource({ path: "/notes/[id]" }, (one) => one.params.id + one.context.var.user)`,
      `resource({ path: "/elsewhere/[id]" }, (one) => one.params.id + String(one.context.var["user"]))`,
      `const size: number = context.var.user.length + context.var.team`,
    ).replace("title: at", `title: "a"`),
  );
  expect(await compile(root)).toBe("");
  expect(readFileSync(join(root, typesFile), "utf8")).toBe(
    `// Written by portico types and by portico dev; portico types --check tells whether it is current.
import type { VariablesOf } from "portico";
import type { JobData } from "portico/jobs";

/** The app's routes by the paths of their files: \`createClient<Routes>\` of portico/client. */
export interface Routes {
  readonly "/": typeof import("./functions/index.ts");
  readonly "/notes/[id]": typeof import("./functions/(in)/notes/[id].ts");
}

declare module "portico" {
  /** Env and secrets of hosting.json. */
  interface Bindings {
    readonly GREETING: string;
    readonly KEY: string;
  }

  /** What the middleware above each route sets. */
  interface Variables {
    readonly "/": VariablesOf<typeof import("./functions/_middleware.ts").default>;
    readonly "/notes/[id]": ${outer} & ${inner};
  }
}

declare module "portico/jobs" {
  /** Jobs with their data. */
  interface Jobs {
    readonly digest: JobData<typeof import("./functions/_jobs/digest.ts").default>;
    readonly mail: JobData<typeof import("./functions/_jobs/mail.ts").default>;
    readonly plain: JobData<typeof import("./functions/_jobs/plain.ts").default>;
  }
}
`,
  );
});

it("jobs that are gone are not declared any more", async () => {
  const root = await typedApp(calls());
  expect(readFileSync(join(root, typesFile), "utf8")).toContain("interface Jobs");
  writeTypes({ app: { root, ...app }, routes: await discoverRoutes(root), jobs: [] });
  expect(readFileSync(join(root, typesFile), "utf8")).not.toContain("interface Jobs");
});

it("wrong names, data, env, variables and calls are errors", async () => {
  const wrong = [
    `resource({ path: "/notes/[id]" }, (one) => one.context.var.team.length)`,
    `resource({ path: "/notes/[id]" }, (one) => one.params.name)`,
    `resource({}, (one) => one.context.var["user"].length)`,
    `await send(context, "digset")`,
    `await send(context, "digest", { taem: "a" })`,
    `await send(context, "mail")`,
    `await send(context, "mail", { to: 1 })`,
    `await send(context, "plain", ["1"])`,
    `const one: string = env.GREETNIG`,
    `const two: string = params.name`,
    `const three: string = context.var.team`,
    `const four: string = context.var.uesr`,
    `await api.put("/note/[id]", { params: { id: 1 }, body: { title: "a" } })`,
    `await api.put("/notes/[id]", { params: { name: 1 }, body: { title: "a" } })`,
    `await api.put("/notes/[id]", { params: { id: 1 }, body: { title: 1 } })`,
    `const five: Date = (await api.put("/notes/[id]", { params: { id: 1 }, body: { title: "a" } })).at`,
  ];
  const root = await typedApp(calls(...wrong));
  const lines = (await compile(root)).split("\n").filter((line) => line.startsWith("functions/_lib/calls.ts("));
  const found = lines.map((line) => Number(/\((\d+),/.exec(line)?.[1]));
  expect([...new Set(found)]).toEqual(wrong.map((_, index) => 9 + index));
});
