/** Apps with many generated routes for benches. */
import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const repository = join(import.meta.dirname, "../..");

/**
 * `plain` routes use only Portico, `hono` routes are Hono apps, `mixed` apps have both in pairs, and `own` routes are
 * Hono apps that import a module of their own.
 */
export type Kind = "plain" | "hono" | "own" | "mixed";

/** Writes routes `/r0`, … with a shared module; every second route has a param. */
export async function generateApp(count: number, kind: Kind = "plain"): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "portico-bench-"));
  await mkdir(join(root, "functions/_lib"), { recursive: true });
  await symlink(join(repository, "node_modules"), join(root, "node_modules"));
  await writeFile(
    join(root, "functions/_lib/greet.ts"),
    `export const greet = (name: string): string => \`Hello, \${name}!\`;\n`,
  );
  for (let index = 0; index < count; index++) {
    const file = index % 2 ? `r${index}/[name].ts` : `r${index}.ts`;
    await mkdir(join(root, "functions", file, ".."), { recursive: true });
    const own = kind === "mixed" ? (index % 4 < 2 ? "plain" : "hono") : kind;
    await writeFile(join(root, "functions", file), source(own, index, index % 2 ? "../_lib" : "./_lib"));
    if (kind === "own") await writeFile(join(root, `functions/_lib/own${index}.ts`), `export const own = ${index};\n`);
  }
  return root;
}

function source(kind: Exclude<Kind, "mixed">, index: number, lib: string): string {
  const greet = `import { greet } from "${lib}/greet.ts";\n`;
  if (kind === "plain") {
    return (
      `import type { Handler } from "portico";\n${greet}\n` +
      `export const GET: Handler = (_request, { params }) => new Response(greet(params["name"] ?? "route ${index}"));\n`
    );
  }
  const [own, text] =
    kind === "own" ? [`import { own } from "${lib}/own${index}.ts";\n`, "`route ${own}`"] : ["", `"route ${index}"`];
  const path = index % 2 ? `/r${index}/:name` : `/r${index}`;
  return (
    `import { Hono } from "hono";\n${greet}${own}\n` +
    `const app = new Hono();\napp.get("${path}", (c) => ` +
    `c.text(greet(${index % 2 ? `c.req.param("name")` : text})));\nexport default app;\n`
  );
}
