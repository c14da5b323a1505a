/**
 * sharp, argon2 and pdfkit, installed from npm's registry, on the Lambda emulation and in zips for another platform.
 */
// @module-tag check
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { zipEntries } from "../../framework/zip/reader.ts";
import type { App } from "../../framework/model/app.ts";
import { build, makeFolder } from "./test-app.ts";
import { answers, sameAnswer } from "./target-answers.ts";

const packages = ["sharp", "argon2", "pdfkit"];
const lambda = (names: readonly string[]): Partial<App> => ({
  lambda: { architecture: "arm64", logRetention: 30, policies: [], packages: names },
});

/** An app with these packages installed, none of their scripts run. */
async function makeNative(...names: readonly string[]): Promise<string> {
  const root = makeFolder({
    "functions/pic.ts":
      `import sharp from "sharp"; export const GET = async () => { const { info } = ` +
      `await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } }).png().toBuffer({ ` +
      `resolveWithObject: true }); return Response.json([info.format, info.width]); };`,
    "functions/pdf.ts":
      `import PDF from "pdfkit"; export const GET = async () => { const made = new PDF(); ` +
      `const parts: Buffer[] = []; made.on("data", (part: Buffer) => parts.push(part)); const end = ` +
      `new Promise((done) => made.on("end", done)); made.text("hi").end(); await end; ` +
      `return new Response(Buffer.concat(parts).subarray(0, 5)); };`,
    "functions/hash.ts":
      `import argon2 from "argon2"; export const GET = async () => ` +
      `Response.json(await argon2.verify(await argon2.hash("x"), "x"));`,
  });
  writeFileSync(join(root, "package.json"), `{"name":"native","private":true}`);
  await promisify(execFile)("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...names], {
    cwd: root,
    shell: process.platform === "win32",
  });
  return root;
}

it("sharp, argon2 and pdfkit run on this machine, and the zip contains native code for Lambda", async () => {
  const root = await makeNative("sharp@0.35.5", "argon2@0.45.1", "pdfkit@0.20.2");
  const here = { ...lambda(packages), stage: "local" };
  expect(await answers(root, "pic", "/pic", here)).toEqual(sameAnswer(`["png",4]`));
  expect(await answers(root, "hash", "/hash", here)).toEqual(sameAnswer("true"));
  // Its fonts are files of its own, which it loads by names that it puts together.
  expect(await answers(root, "pdf", "/pdf", here)).toEqual(sameAnswer("%PDF-"));

  const { out, manifest } = await build(root, "lambda", { ...lambda(packages), stage: "prod" });
  const paths = (id: string): string =>
    zipEntries(readFileSync(join(out, manifest.functions.find((fn) => fn.id === id)?.zip ?? "")))
      .map(({ path }) => path)
      .join("\n");
  expect(paths("pic")).toMatch(/^node_modules\/@img\/sharp-linux-arm64\/.*\.node$/m);
  expect(paths("pic")).not.toMatch(/linux-x64|linuxmusl|argon2/);
  expect(paths("hash")).toMatch(/^node_modules\/argon2\/prebuilds\/linux-arm64\//m);
});

it("native packages are rejected without the setting, and those with install scripts with it", async () => {
  const root = await makeNative("sharp@0.35.5", "argon2@0.45.1", "pdfkit@0.20.2", "better-sqlite3@12.11.1");
  await expect(build(root, "lambda")).rejects.toMatchObject({
    code: "NATIVE_MODULE",
    fix: expect.stringMatching(/"packages": \["(?:sharp|argon2)"\]/) as string,
  });
  await expect(
    build(root, "lambda", { ...lambda([...packages, "better-sqlite3"]), stage: "prod" }),
  ).rejects.toMatchObject({
    code: "PACKAGE_UNBUILT",
    message: expect.stringContaining("better-sqlite3 is compiled by an install script") as string,
  });
});
