/** Which folder may import which (design.md, "The house"): sources in, every import that breaks the law out, as sentences. */
import { isBuiltin } from "node:module";
import type { Import, Source } from "./sources.ts";

/** A folder's law: what of ours it may import, which packages, and whether Node's modules. */
interface Law {
  readonly may: readonly string[];
  /** Absent: any. */
  readonly packages?: readonly string[];
  readonly node: boolean;
}

const shared = ["framework/model", "framework/runtime"];

/** The first that a file's path starts with holds; a folder imports itself always. */
const laws: readonly (readonly [folder: string, law: Law])[] = [
  ["framework/runtime/middleware.ts", { may: ["framework/runtime"], packages: ["hono"], node: false }],
  ["framework/runtime", { may: [], packages: [], node: false }],
  ["framework/light", { may: [], packages: [], node: false }],
  ["framework/model", { may: ["framework/runtime"], packages: [], node: false }],
  ["framework/config", { may: shared, node: true }],
  ["framework/routes", { may: shared, node: true }],
  ["framework/build", { may: shared, node: true }],
  ["framework/node", { may: shared, node: true }],
  ["framework/local", { may: [...shared, "framework/node"], node: true }],
  ["framework/cli", { may: ["framework", "deploy"], node: true }],
  ["deploy", { may: ["framework/model"], node: true }],
  ["functions", { may: [], packages: ["portico", "hono"], node: false }],
];

/** `framework/build/zip.ts imports deploy/plan.ts`, one a line; empty when every import is allowed. */
export function brokenLaws(sources: readonly Source[]): string[] {
  return sources.flatMap(({ file, imports }) => {
    const [folder, law] = laws.find(([prefix]) => within(file, prefix)) ?? [];
    if (!folder || !law) return [`${file} is in no folder that design.md names`];
    const own = folder.endsWith(".ts") ? folder.slice(0, folder.lastIndexOf("/")) : folder;
    return imports.filter((imported) => !isAllowed(imported, own, law)).map(({ to }) => `${file} imports ${to}`);
  });
}

function isAllowed({ to }: Import, own: string, { may, packages, node }: Law): boolean {
  if (/^(framework|deploy|functions|test|\.ci)\//.test(to)) return [own, ...may].some((folder) => within(to, folder));
  if (isBuiltin(to)) return node;
  return packages === undefined || packages.some((name) => within(to, name));
}

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
