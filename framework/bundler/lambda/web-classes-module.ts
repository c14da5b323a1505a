/** The light web classes (framework/web-classes) as one bundled module that a Lambda function imports first. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const entry = fileURLToPath(new URL(`../../web-classes/index${extname(import.meta.url)}`, import.meta.url));

/**
 * The map has one empty source, so that an error from the classes is shown at the user's code that called them. It maps
 * the first line alone, which is one word: a bundle's map then has one mapping for all classes, up to the next module.
 */
const map = { version: 3, sources: ["portico:light"], sourcesContent: [""], names: [], mappings: "AAAA" };
const encodedMap = Buffer.from(JSON.stringify(map)).toString("base64");
const comment = `//# sourceMappingURL=data:application/json;base64,${encodedMap}\n`;

let bundled: Promise<string> | undefined;

/**
 * Bundled once per process. Its identifiers are not minified: the bundle of a function renames those that would
 * collide.
 */
export function lightClassesModule(): Promise<string> {
  bundled ??= bundle();
  // The next build retries after a failure.
  bundled.catch(() => (bundled = undefined));
  return bundled;
}

async function bundle(): Promise<string> {
  const options = {
    bundle: true,
    format: "esm",
    target: "node24",
    charset: "utf8",
    legalComments: "none",
    minifyWhitespace: true,
  } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [entry], write: false, logLevel: "silent" });
  return `${outputFiles[0]?.text.replace(" ", "\n") ?? ""}${comment}`;
}
