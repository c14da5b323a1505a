/** Runs the app's own drizzle-kit, which writes a migration from the schema that the app's code describes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** Where the schema is, in the order in which it is looked for; drizzle.config.ts says another place. */
const schemaFiles = ["functions/_lib/schema.ts", "functions/_lib/schema/index.ts", "schema.ts", "src/schema.ts"];

/** Where drizzle-kit writes, and its config; dev applies whatever appears in the folder of the migrations itself. */
const draft = ".portico/drizzle";

/** What drizzle-kit wrote. */
export interface GeneratedMigration {
  readonly sql: string;
  /** Puts its snapshot of the schema into the folder of the migrations, once the file is there. */
  keepSnapshot(): Promise<void>;
}

/**
 * Undefined where the schema did not change. Throws UserError DRIZZLE_KIT_MISSING, SCHEMA_MISSING, DRIZZLE_KIT.
 * @param folder of the migrations, relative to `root`
 */
export async function generateMigration(
  root: string,
  folder: string,
  slug: string,
): Promise<GeneratedMigration | undefined> {
  const program = findProgram(root);
  const [own, out] = [join(root, folder), join(root, draft)];
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  if (existsSync(join(own, "meta"))) await cp(join(own, "meta"), join(out, "meta"), { recursive: true });
  const options = await optionsOf(root);
  const child = spawn(process.execPath, [program, "generate", ...options, "--name", slug], {
    cwd: root,
    // It asks whether a column is a new one or has a new name.
    stdio: ["inherit", 2, 2],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0)
    throw new UserError(
      "DRIZZLE_KIT",
      "drizzle-kit wrote no migration; what it said is above",
      "Mend the schema and run the command again, or write the file yourself: portico migrate new NAME --empty",
    );
  const name = (await readdir(out)).find((one) => one.endsWith(".sql"));
  if (name === undefined) return undefined;
  return {
    sql: await readFile(join(out, name), "utf8"),
    keepSnapshot: () => cp(join(out, "meta"), join(own, "meta"), { recursive: true }),
  };
}

/** The app's config, with our place to write to; without one what a config would say. */
async function optionsOf(root: string): Promise<readonly string[]> {
  const config = ["drizzle.config.ts", "drizzle.config.js", "drizzle.config.json"].find((name) =>
    existsSync(join(root, name)),
  );
  if (config !== undefined) {
    const own = `.portico/${config}`;
    await writeFile(join(root, own), await configText(root, config));
    return ["--config", own];
  }
  const schema = schemaFiles.find((name) => existsSync(join(root, name)));
  if (schema === undefined)
    throw new UserError(
      "SCHEMA_MISSING",
      `there is none of ${schemaFiles.join(", ")}, and no drizzle.config.ts that says where the schema is`,
      "Write the tables into functions/_lib/schema.ts; or a migration by hand: portico migrate new NAME --empty",
    );
  return ["--dialect", "postgresql", "--schema", `./${schema}`, "--out", `./${draft}`];
}

async function configText(root: string, config: string): Promise<string> {
  if (!config.endsWith(".json"))
    return `import config from "../${config}";\nexport default { ...config, out: "./${draft}" };\n`;
  const settings = JSON.parse(await readFile(join(root, config), "utf8")) as object;
  return JSON.stringify({ ...settings, out: `./${draft}` });
}

function findProgram(root: string): string {
  try {
    // Its package.json is none of its exports.
    const folder = dirname(createRequire(join(root, "package.json")).resolve("drizzle-kit"));
    const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      readonly bin: Readonly<Record<string, string>>;
    };
    return join(folder, bin["drizzle-kit"]!);
  } catch (cause) {
    throw new UserError(
      "DRIZZLE_KIT_MISSING",
      "a migration is written from the schema by drizzle-kit, which the app does not have",
      "Run npm install --save-dev drizzle-kit; or write the file yourself: portico migrate new NAME --empty",
      { cause },
    );
  }
}
