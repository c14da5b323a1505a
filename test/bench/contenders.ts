/** The Lambda handlers that benches compare: hand-written, Portico's with and without Hono, and Hono's own adapter. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { generateApp } from "./generated-app.ts";
import { buildGenerated } from "./builders.ts";

/** Modules that export `handler`, by name. */
export interface Contenders {
  readonly modules: Readonly<Record<ContenderName, string>>;
  remove(): Promise<void>;
}

/** `large` responds with 100 KB of text, the others with a short one. */
export type ContenderName =
  | "bare"
  | "bare large"
  | "plain"
  | "plain, platform classes"
  | "store"
  | "session"
  | "template"
  | "valibot"
  | "zod"
  | "plain large"
  | "plain large, platform classes"
  | "hono"
  | "hono, platform classes"
  | "hono/aws-lambda";

const large = `"${"0123456789".repeat(10_240)}"`;

const bare = (body: string): string =>
  `export const handler = async (event) => ({ statusCode: 200, headers: { "content-type": ` +
  `"text/plain;charset=UTF-8" }, body: ${body}, isBase64Encoded: false });\n`;

const greeting = '`Hello, ${event.rawPath.slice("/r1/".length)}!`';

/** Begins a call of the store as it responds; DynamoDB is where nothing answers. */
const storing =
  `import { store } from "portico/store";\nexport const GET = (_, context) => {\n  void store(context, "visits").get(` +
  `"all").catch(() => {});\n  return new Response(\`Hello, \${context.params.store}!\`);\n};\n`;

/** A page below middleware that begins a session: its answer has a new sealed cookie. */
const sessionFiles: Readonly<Record<string, string>> = {
  "hosting.json": `{ "name": "sessions", "secrets": ["SESSION_KEYS"] }\n`,
  "functions/_middleware.ts":
    `import { csrf, session } from "portico/session";\n` +
    `export default [csrf(), session({ idle: "1h", absolute: "30d" })];\n`,
  "functions/r1/[session].ts":
    `import { currentUser, session } from "portico/session";\nexport const GET = (_, context) => {\n  ` +
    `session(context).set("user", currentUser(context) ?? 1);\n  ` +
    `return new Response(\`Hello, \${context.params.session}!\`);\n};\n`,
};

/** A page of a template that extends another one. */
const templateFiles: Readonly<Record<string, string>> = {
  "functions/_views/base.jinja":
    "<!doctype html><title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}",
  "functions/_views/hello.jinja":
    `{% extends "base.jinja" %}{% block title %}Hello{% endblock %}{% block body %}<p>Hello, {{ name }}!</p>` +
    `{% for one in names %}{{ loop.index }}{{ one|upper }}{% endfor %}{% endblock %}`,
  "functions/r1/[template].ts":
    `import hello from "../_views/hello.jinja";\n` +
    `export const GET = (_, { params }) => hello({ name: params.template, names: ["a", "b"] });\n`,
};

/** A resource whose params a schema checks. */
const resourceFiles = (name: "valibot" | "zod", schema: string): Readonly<Record<string, string>> => ({
  [`functions/r1/[${name}].ts`]:
    `import { resource } from "portico/resource";\nimport * as s from "${name}";\n` +
    `const params = s.object({ ${name}: ${schema} });\n` +
    `export const GET = resource({ params }, ({ params }) => \`Hello, \${params.${name}}!\`);\n`,
});

const app =
  `import { Hono } from "hono";\nconst app = new Hono();\napp.get("/r1/:name", (c) => c.text(\`Hello, ` +
  `\${c.req.param("name")}!\`));\n`;

/** Builds all contenders; their paths are `/r1/ada` and `/large`. */
export async function makeContenders(): Promise<Contenders> {
  const root = await generateApp(2);
  await writeFile(
    join(root, "functions/large.ts"),
    `const text = ${large};\nexport const GET = () => new Response(text);\n`,
  );
  const [hono, stores] = ["hono", "stores"].map((name) => join(root, name)) as [string, string];
  await mkdir(join(root, "hono/functions/r1"), { recursive: true });
  await mkdir(join(root, "by-hand"));
  await writeFile(join(hono, "functions/r1/[[...path]].ts"), `${app}export default app;\n`);
  await mkdir(join(stores, "functions/r1"), { recursive: true });
  await writeFile(join(stores, "functions/r1/[store].ts"), storing);
  const others = await Promise.all(
    Object.entries({
      sessions: sessionFiles,
      templates: templateFiles,
      valibot: resourceFiles("valibot", "s.pipe(s.string(), s.minLength(1))"),
      zod: resourceFiles("zod", "s.string().min(1)"),
    }).map(([name, files]) => writeApp(join(root, name), files)),
  );
  const builds = await Promise.all(
    (["light", "platform"] as const).flatMap((webClasses) =>
      [root, hono, stores, ...others].map(async (folder) => {
        const { out, functions } = await buildGenerated(folder, "lambda", webClasses);
        return functions.map(({ id, main }) => [`${id} ${webClasses}`, join(out, main)] as const);
      }),
    ),
  );
  const built = new Map<string, string>(builds.flat());
  const of = (name: string): string => built.get(name) ?? "";
  const byHand = async (name: string, text: string): Promise<string> => {
    await writeFile(join(root, `by-hand/${name}.mjs`), text);
    return join(root, `by-hand/${name}.mjs`);
  };
  return {
    modules: {
      bare: await byHand("bare", bare(greeting)),
      "bare large": await byHand("large", `const text = ${large};\n${bare("text")}`),
      plain: of("r1-name light"),
      "plain, platform classes": of("r1-name platform"),
      store: of("r1-store light"),
      session: of("r1-session light"),
      template: of("r1-template light"),
      valibot: of("r1-valibot light"),
      zod: of("r1-zod light"),
      "plain large": of("large light"),
      "plain large, platform classes": of("large platform"),
      hono: of("r1-path light"),
      "hono, platform classes": of("r1-path platform"),
      "hono/aws-lambda": await honosOwn(root),
    },
    remove: () => rm(root, { recursive: true }),
  };
}

async function writeApp(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  return folder;
}

/** Bundled and minified like Portico's. */
async function honosOwn(root: string): Promise<string> {
  const outfile = join(root, "by-hand/hono.mjs");
  const contents = `${app}import { handle } from "hono/aws-lambda";\nexport const handler = handle(app);\n`;
  const stdin = { contents, resolveDir: root, loader: "js" } as const;
  await build({ stdin, outfile, bundle: true, minify: true, format: "esm", platform: "node", target: "node24" });
  return outfile;
}
