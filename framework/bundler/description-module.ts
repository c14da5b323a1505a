/** Bundles the module that describes an app's API: it imports every route's file, so that it runs the app's code. */
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import type { App } from "../model/app.ts";
import type { Route } from "../model/route.ts";
import { withUserErrors } from "./build-errors.ts";
import { bundleOptions } from "./esbuild-options.ts";
import { extensionsOf } from "./extension-modules.ts";
import { readExports } from "./route-exports.ts";
import { templatesOf } from "./template-files.ts";

/** Where the module runs. */
export type DescriptionHost = "workers" | "node";

/** What valibot's actions check or change beyond JSON Schema is left out, as zod leaves it out. */
const valibotOptions = {
  target: "draft-2020-12",
  typeMode: "input",
  ignoreActions: ["trim", "trim_start", "trim_end", "normalize", "to_lower_case", "to_upper_case"].concat([
    "check",
    "check_items",
    "partial_check",
    "raw_check",
  ]),
};

/**
 * Patterns of JSON Schema are those of the flag `u` (draft 2020-12 section 6.4), so that a regular expression with it
 * is one, and one with other flags is left out. A second one of a text is an `allOf`.
 */
const overrideAction = `({ valibotAction: { type, requirement }, jsonSchema }) => {
  if (type !== "regex") return;
  const { source, flags } = requirement;
  const { pattern = source, ...others } = jsonSchema;
  if (/[^u]/.test(flags)) return pattern === source ? others : jsonSchema;
  return pattern === source ? jsonSchema : { ...jsonSchema, allOf: [...(others.allOf ?? []), { pattern: source }] };
}`;

/** By library: the package that converts its schemas, and how. */
const converters: Readonly<
  Record<string, { readonly package: string; readonly module: string; readonly call: string }>
> = {
  valibot: {
    package: "@valibot/to-json-schema",
    module: "@valibot/to-json-schema",
    call: `toJsonSchema(schema, { ...${JSON.stringify(valibotOptions)}, overrideAction: ${overrideAction} })`,
  },
  // zod/mini; schemas of zod itself say it themselves.
  zod: {
    package: "zod",
    module: "zod/v4/core",
    call: `toJSONSchema(schema, { target: "draft-2020-12", io: "input" })`,
  },
};

/** The package that converts the schemas of a library; undefined where there is none. */
export const converterPackage = (vendor: string): string | undefined => converters[vendor]?.package;

/**
 * The module's text: a Worker that answers with the description, or a program of Node that sends it to its parent.
 * Throws UserError for code that does not build.
 */
export async function bundleDescription(
  app: Pick<App, "root" | "templates" | "extensions">,
  host: DescriptionHost,
  routes: readonly Pick<Route, "file" | "middleware">[],
): Promise<string> {
  const real = realpathSync(app.root);
  const files = {
    routes: routes.map(({ file }) => file),
    middleware: await describedFiles(real, host, [...new Set(routes.flatMap(({ middleware }) => middleware))]),
  };
  const entries = new Map([["entry/description", entryText(real, host, files)]]);
  const options = bundleOptions(
    { root: real, target: host, entries, ...templatesOf(app), ...extensionsOf(app) },
    "production",
  );
  const { outputFiles } = await withUserErrors(
    real,
    build({
      ...options,
      splitting: false,
      minify: false,
      sourcemap: false,
      entryPoints: [{ in: "portico:entry/description", out: "description" }],
    }),
  );
  return outputFiles.find(({ path }) => /\.m?js$/.test(path))!.text;
}

/** Those that export `openapi`: no other middleware is run. */
async function describedFiles(
  root: string,
  host: DescriptionHost,
  files: readonly string[],
): Promise<readonly string[]> {
  if (files.length === 0) return files;
  const { exports } = await readExports(root, host, files);
  return files.filter((file) => exports.get(file)?.includes("openapi"));
}

interface DescribedFiles {
  readonly routes: readonly string[];
  readonly middleware: readonly string[];
}

function entryText(root: string, host: DescriptionHost, { routes, middleware }: DescribedFiles): string {
  const { resolve } = createRequire(join(root, "package.json"));
  const installed = Object.entries(converters).filter(([, { module }]) => {
    try {
      return resolve(module);
    } catch {
      return false;
    }
  });
  const loads = (files: readonly string[]): string =>
    files.map((file) => `${JSON.stringify(file)}: () => import(${JSON.stringify(`./${file}`)})`).join();
  return [
    `import { describeRoutes } from "portico/features/resource/describe";`,
    `const load = { routes: {${loads(routes)}}, middleware: {${loads(middleware)}} };`,
    "const converters = {",
    ...installed.map(
      ([vendor, { module, call }]) =>
        `  ${vendor}: async (schema) => (await import(${JSON.stringify(module)})).${call},`,
    ),
    "};",
    "const describe = () => describeRoutes(load, converters);",
    host === "node"
      ? "process.send(await describe());"
      : "export default { fetch: async () => Response.json(await describe()) };",
    "",
  ].join("\n");
}
