/** Discovery of the app's background jobs: the files of functions/_jobs, with their settings from hosting.json. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeFrame } from "../model/code-frame.ts";
import { nearestWord } from "../model/did-you-mean.ts";
import type { App } from "../model/app.ts";
import { defaultJobSettings, type Job, jobName, jobsFolder } from "../model/job.ts";
import { codeExtension } from "../model/pattern.ts";
import { type At, UserError } from "../model/user-error.ts";
import { readFolder } from "./folder.ts";

/**
 * The jobs by name. Code files are jobs, except declarations, tests and names that begin with `_` or `.`. Throws
 * UserError JOB_NAME for a file or folder that cannot be a job, JOB_TWICE for two files of one name, and JOB_FILE for a
 * job in hosting.json without a file.
 */
export async function discoverJobs({ root, jobs: settings = {} }: Pick<App, "root" | "jobs">): Promise<readonly Job[]> {
  const files = new Map<string, string>();
  for (const { name: file, kind, path } of await readFolder(root, jobsFolder)) {
    if (/^[._]/.test(file) || file === "node_modules") continue;
    if (kind === "folder")
      throw nameError(
        path,
        "is a folder",
        `Move its jobs into ${jobsFolder}, or begin its name with _ if it has none.`,
      );
    if (!codeExtension.test(file) || /\.(?:test|spec)\.|\.d\.[a-z]+$/.test(file)) continue;
    const name = file.replace(codeExtension, "");
    if (!new RegExp(jobName.pattern).test(name))
      throw nameError(path, `cannot be the job "${name}"`, `Name it with ${jobName.description}.`);
    const other = files.get(name);
    if (other !== undefined)
      throw new UserError("JOB_TWICE", `${other} and ${path} are both the job ${name}`, "Rename one of them.", {
        at: [{ file: other }, { file: path }],
      });
    files.set(name, path);
  }
  for (const name of Object.keys(settings))
    if (!files.has(name)) throw missingFile(name, [...files.keys()], await settingsPlace(root, name));
  return [...files].map(([name, file]) => ({ ...defaultJobSettings, ...settings[name], name, file }));
}

const nameError = (file: string, message: string, fix: string): UserError =>
  new UserError("JOB_NAME", `${file} ${message}`, fix, { at: { file } });

/** The first key of this name; without its line where the settings are in another file. */
async function settingsPlace(root: string, name: string): Promise<At> {
  const file = "hosting.json";
  const text = await readFile(join(root, file), "utf8").catch(() => "");
  const { index } = new RegExp(`"${name}"\\s*:`).exec(text) ?? {};
  return { file, ...(index !== undefined && codeFrame(text, index, name.length + 2)) };
}

function missingFile(name: string, known: readonly string[], at: At): UserError {
  const meant = nearestWord(name, known);
  return new UserError(
    "JOB_FILE",
    `hosting.json has settings for the job ${name}, and there is no file ${jobsFolder}/${name}.ts` +
      (meant === undefined ? "" : `; did you mean "${meant}"?`),
    meant === undefined
      ? `Write ${jobsFolder}/${name}.ts, or remove "${name}" from "jobs".`
      : `Rename "${name}" to "${meant}" in "jobs", or write ${jobsFolder}/${name}.ts.`,
    { at },
  );
}
