/** The apps that the suite of promises releases, and their builds. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Build, Row, Sample } from "./row.ts";

/** A route that says its word. */
export const says = (word: string): string => `export const GET = () => new Response(${JSON.stringify(word)});\n`;

const same = says("same");

/** A route that says its word, and imports store and files: a release makes their table or database, and bucket. */
const keeping = (word: string): string => `import { files } from "portico/files";
import { store } from "portico/store";
const open = (context: never) => typeof [files, store].map((one) => one(context, "x"));
export const GET = (request: Request, context: never) =>
  new Response(request.headers.has("x-data") ? open(context) : ${JSON.stringify(word)});
`;

/**
 * D: all of its own. A: the first. B: another home, style and permission, with store and files, `same` as it was. C: A
 * without the route `old`. J: with a job that has a schedule.
 */
export const samples = {
  A: {
    files: {
      "functions/index.ts": says("A"),
      "functions/old.ts": says("old A"),
      "functions/same.ts": same,
      "functions/_public/style.css": "/* A */",
    },
    env: {},
    allowed: ["a"],
  },
  B: {
    files: {
      "functions/index.ts": keeping("B"),
      "functions/old.ts": says("old B"),
      "functions/same.ts": same,
      "functions/_public/style.css": "/* B */",
    },
    env: {},
    allowed: ["b"],
  },
  C: {
    files: { "functions/index.ts": says("A"), "functions/same.ts": same, "functions/_public/style.css": "/* A */" },
    env: {},
    allowed: ["a"],
  },
  D: {
    files: {
      "functions/index.ts": says("D"),
      "functions/old.ts": says("old D"),
      "functions/new.ts": says("new"),
      "functions/_public/style.css": "/* D */",
    },
    env: {},
    allowed: ["d"],
  },
  J: {
    files: {
      "functions/index.ts": says("J"),
      "functions/same.ts": same,
      "functions/_jobs/digest.ts": `export default () => undefined;\n`,
      "functions/_public/style.css": "/* J */",
    },
    env: {},
    allowed: ["a"],
    // A minute that no test meets.
    jobs: { digest: { cron: "0 0 29 2 1" } },
  },
} as const satisfies Readonly<Record<string, Sample>>;

/** What is asked of them. */
export const paths = ["/", "/old", "/same", "/style.css", "/none"] as const;

/** Builds for a row, in a folder of their own. */
export interface Builds<Name extends string> {
  readonly builds: Readonly<Record<Name, Build>>;
  close(): Promise<void>;
}

/** One after the other, in the same folder, as a person changes an app. */
export async function buildAll<Name extends string>(
  row: Row,
  from: Readonly<Record<Name, Sample>>,
): Promise<Builds<Name>> {
  const folder = await mkdtemp(join(tmpdir(), "portico-samples-"));
  const built: [string, Build][] = [];
  for (const [name, sample] of Object.entries<Sample>(from)) {
    const root = join(folder, "app");
    await rm(root, { recursive: true, force: true });
    for (const [file, text] of Object.entries(sample.files)) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text);
    }
    const out = join(folder, name);
    await row.build(sample, root, out);
    built.push([name, { name, folder: out, sample }]);
  }
  return {
    builds: Object.fromEntries(built) as Record<Name, Build>,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

export function manyRoutes(count: number, word: string): Sample {
  const files = Array.from(
    { length: count },
    (_, at) => [`functions/r${at}.ts`, says(at === 0 ? word : `r${at}`)] as const,
  );
  return { files: { ...Object.fromEntries(files), "functions/_public/a.txt": "a" }, env: {}, allowed: [] };
}
