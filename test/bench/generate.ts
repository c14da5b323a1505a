/** Writes an app of many routes for benches: a count and a kind in, a folder with functions/ out. */
import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const repository = join(import.meta.dirname, "../..");

/**
 * `plain` has nothing but Portico, `hono` an app of Hono in every route, `mixed` in every second pair of them; in `own`, each route's
 * has a module that no other imports.
 */
export type Kind = "plain" | "hono" | "own" | "mixed";

/** Routes `/r0` … with a line of their own each and a shared module; every second one a param. */
export async function generateApp(count: number, kind: Kind = "plain"): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "portico-bench-"));
  await mkdir(join(root, "functions/_lib"), { recursive: true });
  await symlink(join(repository, "node_modules"), join(root, "node_modules"));
  await writeFile(join(root, "functions/_lib/greet.ts"), `export const greet = (name: string): string => \`Hello, \${name}!\`;\n`);
  for (let at = 0; at < count; at++) {
    const file = at % 2 ? `r${at}/[name].ts` : `r${at}.ts`;
    await mkdir(join(root, "functions", file, ".."), { recursive: true });
    const own = kind === "mixed" ? (at % 4 < 2 ? "plain" : "hono") : kind;
    await writeFile(join(root, "functions", file), source(own, at, at % 2 ? "../_lib" : "./_lib"));
    if (kind === "own") await writeFile(join(root, `functions/_lib/own${at}.ts`), `export const own = ${at};\n`);
  }
  return root;
}

function source(kind: Exclude<Kind, "mixed">, at: number, lib: string): string {
  const greet = `import { greet } from "${lib}/greet.ts";\n`;
  if (kind === "plain") {
    return (
      `import type { Handler } from "portico";\n${greet}\n` +
      `export const GET: Handler = (_request, { params }) => new Response(greet(params["name"] ?? "route ${at}"));\n`
    );
  }
  const [own, text] = kind === "own" ? [`import { own } from "${lib}/own${at}.ts";\n`, "`route ${own}`"] : ["", `"route ${at}"`];
  const path = at % 2 ? `/r${at}/:name` : `/r${at}`;
  return (
    `import { Hono } from "hono";\n${greet}${own}\n` +
    `const app = new Hono();\napp.get("${path}", (c) => c.text(greet(${at % 2 ? `c.req.param("name")` : text})));\nexport default app;\n`
  );
}
