/** The types of jobs: what the build writes makes wrong names and wrong data errors of the compiler. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { writeJobTypes } from "../../framework/bundler/job-types.ts";
import { discoverJobs } from "../../framework/routes/job-discovery.ts";
import { appFolder } from "../routes/app-folder.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

const files = {
  "functions/_jobs/digest.ts": `import { type Job, send } from "portico/jobs";
export default (async (data, context) => {
  const team: string | undefined = data?.team;
  const scheduled: Date | undefined = context.scheduled;
  // A job may send itself.
  if (team && scheduled) await send(context, "digest", { team });
}) satisfies Job<{ team: string } | null>;
`,
  "functions/_jobs/mail.ts": `import type { Job } from "portico/jobs";
const mail: Job<{ to: string }> = ({ to }, { signal }) => fetch(to, { signal });
export default mail;
`,
  "functions/_jobs/plain.ts": `export default async (data: readonly number[]) => { console.log(data); };\n`,
};

const sends = (...calls: readonly string[]): string =>
  `import { send } from "portico/jobs";\nimport type { Context } from "portico";\n` +
  `export const all = (context: Context) => [\n${calls.map((call) => `  send(context, ${call}),\n`).join("")}];\n`;

async function compile(root: string): Promise<string> {
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  try {
    await promisify(execFile)(process.execPath, [tsc, "-p", root], { cwd: root });
    return "";
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

async function typedApp(calls: string): Promise<string> {
  const root = appFolder({ ...files, "functions/_lib/calls.ts": calls });
  const template = readFileSync(join(repository, "framework/cli/template/tsconfig.json"), "utf8");
  // The sources of Portico, unlike the package's declarations, need Node's types.
  writeFileSync(join(root, "tsconfig.json"), template.replace(`"types": []`, `"types": ["node"]`));
  mkdirSync(join(root, "node_modules/@types"), { recursive: true });
  symlinkSync(repository, join(root, "node_modules/portico"));
  symlinkSync(join(repository, "node_modules/@types/node"), join(root, "node_modules/@types/node"));
  writeJobTypes(root, await discoverJobs({ root }));
  return root;
}

it("right names and data compile", async () => {
  const calls = [`"digest"`, `"digest", { team: "a" }, { delay: 5 }`, `"mail", { to: "a" }`, `"plain", [1]`];
  expect(await compile(await typedApp(sends(...calls)))).toBe("");
});

it("wrong names, wrong data and missing data are errors", async () => {
  const calls = [`"digset"`, `"digest", { taem: "a" }`, `"mail"`, `"mail", { to: 1 }`, `"plain", ["1"]`];
  const root = await typedApp(sends(...calls));
  const lines = (await compile(root)).split("\n").filter((line) => line.startsWith("functions/_lib/calls.ts("));
  expect(lines.map((line) => Number(/\((\d+),/.exec(line)?.[1]))).toEqual([4, 5, 6, 7, 8]);
});

it("the declaration goes when the last job does", async () => {
  const root = await typedApp("");
  expect(existsSync(join(root, ".portico/types/jobs.d.ts"))).toBe(true);
  writeJobTypes(root, []);
  expect(existsSync(join(root, ".portico/types/jobs.d.ts"))).toBe(false);
});
