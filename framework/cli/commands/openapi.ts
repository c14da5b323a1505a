/** `portico openapi`: prints or writes the description of an app's API, or checks a file. It runs the app's code. */
import { readFile, writeFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { loadApp } from "../../config/app-loader.ts";
import { describeApi } from "../../dev/api-description.ts";
import { UserError } from "../../model/user-error.ts";
import { discoverRoutes } from "../../routes/route-discovery.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, textFlag } from "../flags.ts";

/** Throws UserError OPENAPI_OUTDATED for `--check` where the file is another, OUTPUT where it cannot be written. */
export async function openapi(input: CommandInput): Promise<number> {
  const { cwd, reporter, flags } = input;
  const app = await loadApp(appFlags(input, "dev"));
  const document = await describeApi(app, await discoverRoutes(app.root));
  const text = `${JSON.stringify(document, null, 2)}\n`;
  const out = textFlag(input, "out");
  if (!flags["check"] && out === undefined) {
    reporter.result(text.trimEnd(), document);
    return 0;
  }
  const file = resolve(cwd, out ?? "openapi.json");
  const name = relative(cwd, file);
  if (!flags["check"]) {
    await write(file, text);
  } else {
    const found = await read(file);
    if (found !== text)
      throw outdated(name, found === undefined ? "does not exist" : "is not what the app's resources say");
  }
  reporter.result(`${name} ${flags["check"] ? "is current" : "written"}`, { file });
  return 0;
}

const outdated = (name: string, what: string): UserError =>
  new UserError("OPENAPI_OUTDATED", `${name} ${what}`, `Run portico openapi --out ${name}, and commit the file.`, {
    at: { file: name },
  });

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new UserError("OUTPUT", `cannot write ${file}`, "Choose a writable file: portico openapi --out FILE", {
      cause,
    });
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
