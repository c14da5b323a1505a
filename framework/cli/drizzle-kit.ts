/** Runs the app's own drizzle-kit, which writes a migration from the schema that the app's code describes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { nextNumber, readMigrations } from "../migrations/migration-file.ts";
import { UserError } from "../model/user-error.ts";

/** Where the schema is, in the order in which it is looked for; drizzle.config.ts says another place. */
const schemaFiles = ["functions/_lib/schema.ts", "functions/_lib/schema/index.ts", "schema.ts", "src/schema.ts"];

/**
 * The new file's name, with our next number; undefined where the schema did not change. Throws UserError
 * DRIZZLE_KIT_MISSING, SCHEMA_MISSING, DRIZZLE_KIT, DRIZZLE_OUT.
 * @param folder of the migrations, relative to `root`
 */
export async function generateMigration(root: string, folder: string, slug: string): Promise<string | undefined> {
  const program = findProgram(root);
  const before = await readMigrations(root, folder);
  const known = new Set(before.map(({ file }) => file));
  const child = spawn(process.execPath, [program, "generate", ...optionsOf(root, folder), "--name", slug], {
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
  const made = (await readdir(join(root, folder)).catch(() => [])).filter(
    (name) => name.endsWith(".sql") && !known.has(`${folder}/${name}`),
  );
  const [name] = made;
  if (name === undefined) return requireOut(root, folder);
  const wanted = `${nextNumber(before)}_${slug}.sql`;
  if (name !== wanted) await rename(join(root, folder, name), join(root, folder, wanted));
  return wanted;
}

/** Nothing new is in the folder: right where drizzle-kit writes there. Throws UserError DRIZZLE_OUT where it may not. */
function requireOut(root: string, folder: string): undefined {
  const config = configOf(root);
  if (config === undefined || readFileSync(join(root, config), "utf8").includes(folder)) return undefined;
  throw new UserError(
    "DRIZZLE_OUT",
    `${config} does not name ${folder}, so that drizzle-kit wrote elsewhere if the schema changed`,
    `Write out: "./${folder}" into ${config}.`,
  );
}

const configOf = (root: string): string | undefined =>
  ["drizzle.config.ts", "drizzle.config.js", "drizzle.config.json"].find((name) => existsSync(join(root, name)));

function optionsOf(root: string, folder: string): readonly string[] {
  const config = configOf(root);
  if (config !== undefined) return ["--config", config];
  const schema = schemaFiles.find((name) => existsSync(join(root, name)));
  if (schema === undefined)
    throw new UserError(
      "SCHEMA_MISSING",
      `there is none of ${schemaFiles.join(", ")}, and no drizzle.config.ts that says where the schema is`,
      "Write the tables into functions/_lib/schema.ts; or a migration by hand: portico migrate new NAME --empty",
    );
  return ["--dialect", "postgresql", "--schema", `./${schema}`, "--out", `./${folder}`];
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
