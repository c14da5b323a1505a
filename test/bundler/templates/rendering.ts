/** Renders many sets of templates at once: compiles them, bundles them with the runtime, and imports the bundle. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { compileTemplate } from "../../../framework/bundler/templates/compiler.ts";
import { TemplateSyntaxError } from "../../../framework/bundler/templates/syntax-error.ts";

/** Templates by name, of which `main` is rendered, and its data. */
export interface Case {
  readonly templates: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What rendering gave: its output, or why there is none. */
export type Outcome = { readonly output: string } | { readonly error: "syntax" | "runtime"; readonly message?: string };

const runtime = (module: string): string =>
  fileURLToPath(new URL(`../../../framework/features/templates/${module}.ts`, import.meta.url));

function compileCase({ templates }: Case, index: number): ReadonlyMap<string, string> | TemplateSyntaxError {
  try {
    return new Map(
      Object.entries(templates).map(([name, source]) => {
        const locate = (other: string) => ({
          specifier: `case:${index}/${other}`,
          exists: Object.hasOwn(templates, other),
        });
        const { code } = compileTemplate(source, { file: `${index}/${name}`, development: false, runtime, locate });
        return [`${index}/${name}`, code];
      }),
    );
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return error;
    throw error;
  }
}

type Module = { readonly renders: ReadonlyMap<number, (data: object) => string> };

async function bundle(codes: ReadonlyMap<string, string>): Promise<Module["renders"]> {
  const main = [...codes.keys()].filter((key) => key.endsWith("/main"));
  const lines = main.map((key, index) => `import t${index} from "case:${key}";`);
  const entries = main.map((key, index) => `[${Number.parseInt(key, 10)},t${index}.render]`);
  const folder = mkdtempSync(join(tmpdir(), "portico-templates-"));
  const { outputFiles } = await build({
    stdin: {
      contents: `${lines.join("\n")}\nexport const renders = new Map([${entries.join()}]);`,
      resolveDir: folder,
    },
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "silent",
    plugins: [
      {
        name: "cases",
        setup(plugin) {
          plugin.onResolve({ filter: /^case:/ }, ({ path }) => ({
            path: path.slice("case:".length),
            namespace: "case",
          }));
          plugin.onLoad({ filter: /.*/, namespace: "case" }, ({ path }) => ({
            contents: codes.get(path) ?? "export const root = () => '', blocks = {}, names = [];",
            resolveDir: folder,
          }));
        },
      },
    ],
  });
  const file = join(folder, "cases.mjs");
  writeFileSync(file, outputFiles[0]!.contents);
  const { renders } = (await import(pathToFileURL(file).href)) as Module;
  rmSync(folder, { recursive: true });
  return renders;
}

async function compileAll(cases: readonly Case[]) {
  const compiled = cases.map(compileCase);
  return {
    compiled,
    renders: await bundle(new Map(compiled.flatMap((one) => (one instanceof Error ? [] : [...one])))),
  };
}

/** In the order of the cases. */
export async function renderAll(cases: readonly Case[]): Promise<readonly Outcome[]> {
  const { compiled, renders } = await compileAll(cases);
  return cases.map(({ data }, index): Outcome => {
    const result = compiled[index];
    if (result instanceof Error) return { error: "syntax", message: result.message };
    try {
      return { output: renders.get(index)!(data) };
    } catch (error) {
      return { error: "runtime", message: String(error) };
    }
  });
}

/** The outputs of each template with each of the data. */
export async function renderEach(templates: readonly string[], data: readonly Case["data"][]) {
  const { renders } = await compileAll(templates.map((main) => ({ templates: { main }, data: {} })));
  return templates.map((_, index) => data.map((one) => renders.get(index)!(one)));
}
