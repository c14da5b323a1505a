/** Extensions in hosting.json: what is read of their packages, and the mistakes of users and of authors. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadApp } from "../../framework/config/app-loader.ts";
import { resolveEnv } from "../../framework/config/env.ts";
import type { App } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { write } from "../e2e/app.ts";
import { appFolder } from "../routes/app-folder.ts";

const packages = join(import.meta.dirname, "../extensions");
const rates = "node_modules/portico-rates";

/** A folder with both extensions. @param text of hosting.json after its name */
function folderOf(text: string, files: Readonly<Record<string, string>> = {}): string {
  const root = appFolder({ "hosting.json": `{\n  "name": "app",\n  ${text}\n}`, "node_modules/x/x": "", ...files });
  for (const name of ["portico-rates", "portico-blobs"])
    if (!Object.keys(files).some((file) => file.includes(name)))
      symlinkSync(join(packages, name), join(root, "node_modules", name));
  return root;
}

const load = (text: string, files?: Readonly<Record<string, string>>, stage = "dev"): Promise<App> =>
  loadApp({ root: folderOf(text, files), stage });

async function mistake(text: string, files?: Readonly<Record<string, string>>, stage?: string): Promise<UserError> {
  const error: unknown = await load(text, files, stage).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

/** The package.json of an extension with these data, as a file of the app. */
const withData = (data: string): Readonly<Record<string, string>> => ({
  [`${rates}/package.json`]: `{\n  "name": "portico-rates",\n  "portico": ${data}\n}`,
});

/** What the code frame underlines. */
function underlined({ at: [place] }: UserError): string {
  const lines = place?.frame?.split("\n") ?? [];
  const carets = lines.findIndex((line) => line.includes("^"));
  const start = lines[carets]?.indexOf("^") ?? 0;
  return lines[carets - 1]?.slice(start, lines[carets]?.length) ?? "";
}

/** Settings of the rates for one line, and where each mistake of them is. */
const ratesOf = (settings: string): string => `"extensions": { "portico-rates": ${settings} }`;

test("the data of packages become the app's, the stage's settings over the general ones", async () => {
  const text =
    `"secrets": ["OWN"],` +
    `"extensions": { "portico-rates": { "currency": "eur", "decimals": 1 }, "portico-blobs": {} },` +
    `"stages": { "prod": { "extensions": { "portico-rates": { "currency": "krw" } } } }`;
  const files = {
    [`${rates}/package.json`]: `{ "portico": { "settings": "./s.json", "secrets": ["RATES_KEY", "OWN"] } }`,
    [`${rates}/s.json`]: `{ "additionalProperties": { "type": ["string", "integer"] } }`,
  };
  const root = folderOf(text, files);
  const app = await loadApp({ root, stage: "prod" });
  expect(app.secrets).toEqual(["OWN", "RATES_KEY"]);
  expect(app.extensions?.[0]).toEqual({
    name: "portico-rates",
    folder: rates,
    settings: { currency: "krw", decimals: 1 },
    secrets: ["RATES_KEY", "OWN"],
  });
  expect(app.extensions?.[1]).toMatchObject({
    name: "portico-blobs",
    folder: expect.stringMatching(/^\.\.\/.*test\/extensions\/portico-blobs$/) as string,
    policies: [{ Action: "s3:GetObject" }],
    migrations: expect.stringMatching(/test\/extensions\/portico-blobs\/migrations$/) as string,
  });
  expect(await load('"keep": 1')).not.toHaveProperty("extensions");
});

describe("a mistake in the settings has its place and a fix", () => {
  test.each([
    [
      '{ "curency": "eur" }',
      'unknown key "curency" in the settings of portico-rates; did you mean "currency"?',
      '"curency"',
    ],
    ['{ "currency": "eur", "other": 1 }', 'unknown key "other" in the settings of portico-rates', '"other"'],
    ["{}", '"portico-rates" lacks "currency"', '"portico-rates"'],
    ['{ "currency": "euro" }', '"currency" of portico-rates cannot be "euro"; did you mean "eur"?', '"euro"'],
    ['{ "currency": "eur", "decimals": "2" }', '"decimals" of portico-rates must be a whole number, not a text', '"2"'],
    ['{ "currency": "eur", "decimals": 9 }', /^"decimals" of portico-rates cannot be this: .*maximum: 4\)$/, "9"],
    ['{ "currency": "eur", "hosts": [{}] }', '"hosts[0]" lacks "url" in the settings of portico-rates', "{}"],
    ['{ "currency": "eur", "hosts": [{ "url": 1 }] }', '"url" of portico-rates must be a text in quotes', "1"],
    [
      '{ "currency": "eur", "hosts": [{ "url": "http://a.b", "uri": 1 }] }',
      'unknown key "uri" in the settings of portico-rates; did you mean "url"?',
      '"uri"',
    ],
  ])("%s", async (settings, message, place) => {
    const error = await mistake(ratesOf(settings));
    expect(error.message).toEqual(
      typeof message === "string" ? expect.stringContaining(message) : expect.stringMatching(message),
    );
    expect(error.at[0]).toMatchObject({ file: "hosting.json", line: 3 });
    expect(underlined(error)).toBe(place);
    expect(error.fix).toMatch(/^(?:Write|Remove|Add) /);
  });

  test("a stage's own setting is where a stage's mistake is", async () => {
    const text = `${ratesOf('{ "currency": "eur" }')},\n"stages": { "prod": { ${ratesOf('{ "decimals": "2" }')} } }`;
    for (const stage of ["prod", "dev"]) expect((await mistake(text, {}, stage)).at[0]).toMatchObject({ line: 4 });
  });

  test("what another stage alone lists need not be installed", async () => {
    const other = `${ratesOf('{ "currency": "usd" }').replace("{", '{ "portico-gone": { "a": 1 },')}`;
    const text = `${ratesOf('{ "currency": "eur" }')}, "stages": { "prod": { ${other} } }`;
    expect(await load(text)).toBeDefined();
    expect((await mistake(text, {}, "prod")).code).toBe("EXTENSION_MISSING");
  });

  test("an extension without settings takes none", async () => {
    const error = await mistake('"extensions": { "portico-blobs": { "bucket": "b" } }');
    expect(error).toMatchObject({
      code: "CONFIG_KEY",
      message: 'unknown key "bucket" in the settings of portico-blobs',
    });
    expect(error.fix).toBe("Remove it; portico-blobs has no settings here.");
  });
});

test.each([
  ['"extensions": { "portico-gone": {} }', {}, "EXTENSION_MISSING", "npm install portico-gone"],
  [
    '"extensions": { "x": {} }',
    { "node_modules/x/package.json": "{}" },
    "EXTENSION_DATA",
    'Remove it from "extensions"',
  ],
  ['"extensions": { "Bad Name": {} }', {}, "CONFIG_KEY", "Write a package's name"],
  ['"extensions": { "portico-blobs": 1 }', {}, "CONFIG_VALUE", "Write an object"],
  [ratesOf("{}"), withData('{ "requires": ">=99.1" }'), "EXTENSION_REQUIRES", 'npm install "portico@>=99.1"'],
  [ratesOf("{}"), withData('{ "requires": "soon" }'), "EXTENSION_DATA", "npm bugs portico-rates"],
  [ratesOf("{}"), withData('{ "secret": [] }'), "EXTENSION_DATA", 'Write "secrets"'],
  [ratesOf("{}"), withData('{ "secrets": ["PATH"] }'), "EXTENSION_DATA", "Choose another name"],
  [ratesOf("{}"), withData('{ "policies": [{ "Action": "*" }] }'), "EXTENSION_DATA", 'Add the key "Effect"'],
  [ratesOf("{}"), withData('{ "settings": "../x.json" }'), "EXTENSION_DATA", "Write a file of the package"],
  [ratesOf("{}"), withData('{ "settings": "./none.json" }'), "EXTENSION_DATA", "npm bugs portico-rates"],
  [ratesOf("{}"), withData('{ "migrations": "./none" }'), "EXTENSION_DATA", "npm bugs portico-rates"],
  [`${ratesOf('{ "currency": "eur" }')}, "env": { "RATES_KEY": "x" }`, {}, "CONFIG_VALUE", 'Rename it in "env"'],
  [`${ratesOf('{ "currency": "eur" }')}, "external": ["portico-rates"]`, {}, "CONFIG_VALUE", "Remove it there"],
])("%s with %j is %s", async (text, files, code, fix) => {
  const error = await mistake(text, files);
  expect(error).toMatchObject({ code, fix: expect.stringContaining(fix) as string });
  expect(error.message).toMatch(/portico-|x is no|Bad Name/);
});

test("what is wrong in an extension that is only linked to is the app's own to mend", async () => {
  const root = folderOf(ratesOf("{}"), {
    "extensions/portico-rates/package.json": `{ "portico": { "settings": "./s.json" } }`,
    "extensions/portico-rates/s.json": "{",
  });
  symlinkSync(join(root, "extensions/portico-rates"), join(root, rates));
  await expect(loadApp({ root, stage: "dev" })).rejects.toMatchObject({
    code: "EXTENSION_DATA",
    fix: "Correct the file ./s.json.",
  });
  await write(root, "extensions/portico-rates/package.json", `{ "portico": { "migrations": "./none" } }`);
  await expect(loadApp({ root, stage: "dev" })).rejects.toMatchObject({
    code: "EXTENSION_DATA",
    fix: `Write a folder that its "files" publish.`,
  });
});

test("the versions that it requires hold for a version before a release too", async () => {
  expect(await load(ratesOf("{}"), withData('{ "requires": ">=0.1.0-0 <100" }'))).toHaveProperty("extensions");
});

test("a missing secret is told with its extension", async () => {
  const app = await load(ratesOf('{ "currency": "eur" }'));
  const options = { files: false, processEnv: {} } as const;
  await expect(resolveEnv(app, { ...options, missing: "refuse" })).rejects.toMatchObject({
    code: "SECRET_MISSING",
    message: "the secret RATES_KEY of portico-rates has no value",
    fix: "Set RATES_KEY=… in the environment.",
  });
  const { generated } = await resolveEnv(app, { ...options, missing: "preview" });
  expect(generated).toMatchObject([{ name: "RATES_KEY", extensions: ["portico-rates"] }]);
});
