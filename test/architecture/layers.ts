/**
 * Which folder may import which, as docs/architecture.md says under "The house"; the imports that break it, those of
 * types counted; and how large each folder is.
 */
import { isBuiltin } from "node:module";
import type { Import, Source } from "./sources.ts";

/** A folder's rule: what of ours it may import, which packages, and whether Node's modules. */
interface Layer {
  readonly may: readonly string[];
  /** A folder of those that it may not. */
  readonly not?: string;
  /** Absent: any. */
  readonly packages?: readonly string[];
  readonly node: boolean;
}

const shared = ["framework/model", "framework/runtime"];
const http = "framework/http";
const emulation = "framework/emulation";
const cloud = "framework/cloud";
const aws = "framework/cloud/aws";
const cloudflare = "framework/cloud/cloudflare";
const zip = "framework/zip";
const templates = "framework/bundler/templates";
const underCloud = ["framework/model", http, emulation, zip];

/** The first that a file's path starts with holds; a folder imports itself always. */
const layers: readonly (readonly [folder: string, layer: Layer])[] = [
  ["framework/runtime/middleware.ts", { may: ["framework/runtime"], packages: ["hono"], node: false }],
  ["framework/runtime", { may: [], packages: [], node: false }],
  [
    "framework/features/session",
    { may: ["framework/runtime", "framework/features/store/store.ts"], packages: ["iron-session"], node: false },
  ],
  ["framework/features/postgres", { may: ["framework/runtime"], packages: ["pg"], node: false }],
  // No model beyond the tables of a cloud's store and the form of a schedule: what ships inside functions stays small.
  [
    "framework/features",
    {
      may: ["framework/runtime", "framework/model/store-schema.ts", "framework/model/cron.ts"],
      packages: [],
      node: false,
    },
  ],
  ["framework/web-classes", { may: [], packages: [], node: false }],
  ["framework/model", { may: ["framework/runtime"], packages: [], node: false }],
  [zip, { may: [], packages: [], node: true }],
  ["framework/migrations", { may: ["framework/model"], packages: ["libpg-query"], node: true }],
  ["framework/config", { may: shared, node: true }],
  ["framework/routes", { may: shared, node: true }],
  // What an app's own tests compile their templates with too.
  [templates, { may: ["framework/model"], packages: [], node: false }],
  ["framework/bundler", { may: [...shared, zip], node: true }],
  [http, { may: shared, node: true }],
  ["framework/node", { may: [...shared, http, "framework/features", templates], node: true }],
  [emulation, { may: [...shared, http], node: true }],
  [
    "framework/dev",
    {
      may: [
        ...shared,
        "framework/config",
        "framework/routes",
        "framework/bundler",
        "framework/features",
        "framework/migrations",
        http,
        emulation,
      ],
      node: true,
    },
  ],
  [
    "framework/testing",
    {
      may: [
        ...shared,
        "framework/config",
        "framework/routes",
        "framework/bundler",
        "framework/features",
        "framework/node",
        http,
        "framework/emulation/postgres",
        "framework/migrations",
      ],
      node: true,
    },
  ],
  [aws, { may: [cloud, ...underCloud], not: cloudflare, node: true }],
  [cloudflare, { may: [cloud, ...underCloud], not: aws, node: true }],
  [cloud, { may: underCloud, node: true }],
  ["framework/cli", { may: ["framework", "deploy"], node: true }],
  ["deploy", { may: ["framework/model", zip], node: true }],
  ["functions", { may: [], packages: ["portico", "hono", "valibot", "portico-robots"], node: false }],
];

/** Sentences such as `a.ts imports b.ts`, one for each import that is not allowed. */
export function brokenLayers(sources: readonly Source[]): string[] {
  return sources.flatMap(({ file, imports }) => {
    const [folder, layer] = layers.find(([prefix]) => within(file, prefix)) ?? [];
    if (!folder || !layer) return [`${file} is in no folder that docs/architecture.md names`];
    const own = folder.endsWith(".ts") ? folder.slice(0, folder.lastIndexOf("/")) : folder;
    return imports.filter((imported) => !isAllowed(imported, own, layer)).map(({ to }) => `${file} imports ${to}`);
  });
}

function isAllowed({ to }: Import, own: string, { may, not, packages, node }: Layer): boolean {
  if (/^(framework|deploy|functions|test|\.ci)\//.test(to))
    return [own, ...may].some((folder) => within(to, folder)) && !(not && within(to, not));
  if (isBuiltin(to)) return node;
  return packages === undefined || packages.some((name) => within(to, name));
}

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** The part of framework's lines that each room has; `cloud/aws` and `cloud/cloudflare` are rooms of their own. */
export function roomShares(sources: readonly Source[]): ReadonlyMap<string, number> {
  const rooms = new Map<string, number>();
  let all = 0;
  for (const { file, text } of sources) {
    const [, room] = /^framework\/(cloud\/(?:aws|cloudflare)|[^/]+)\//.exec(file) ?? [];
    if (room === undefined) continue;
    const lines = text.trimEnd().split("\n").length;
    all += lines;
    rooms.set(room, (rooms.get(room) ?? 0) + lines);
  }
  return new Map([...rooms].map(([room, lines]) => [room, lines / all]));
}
