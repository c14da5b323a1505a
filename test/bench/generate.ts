/** Writes an app of many routes for benches: a count in, a folder with functions/ out. */
import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const repository = join(import.meta.dirname, "../..");

/** Routes `/r0` … with a line of their own each and a shared module; every second one a param. */
export async function generateApp(count: number): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "portico-bench-"));
  await mkdir(join(root, "functions/_lib"), { recursive: true });
  await symlink(join(repository, "node_modules"), join(root, "node_modules"));
  await writeFile(join(root, "functions/_lib/greet.ts"), `export const greet = (name: string): string => \`Hello, \${name}!\`;\n`);
  for (let at = 0; at < count; at++) {
    const file = at % 2 ? `r${at}/[name].ts` : `r${at}.ts`;
    await mkdir(join(root, "functions", file, ".."), { recursive: true });
    await writeFile(
      join(root, "functions", file),
      `import type { Handler } from "portico";\nimport { greet } from "${at % 2 ? "../" : "./"}_lib/greet.ts";\n\n` +
        `export const GET: Handler = (_request, { params }) => new Response(greet(params["name"] ?? "route ${at}"));\n`,
    );
  }
  return root;
}
