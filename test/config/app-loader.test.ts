/** Loading of hosting.json: settings, stages and defaults, and the errors for mistakes. */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadApp } from "../../framework/config/app-loader.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { App } from "../../framework/model/app.ts";
import { appFolder } from "../routes/app-folder.ts";

const load = (text: string, stage = "dev"): Promise<App> =>
  loadApp({ root: appFolder({ "hosting.json": text }), stage });

/** Keys after a valid name. */
const withName = (text: string): string => `{\n  "name": "app",\n  ${text}\n}`;

const ids = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

async function mistake(text: string, stage = "dev"): Promise<UserError> {
  const error: unknown = await load(text, stage).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

test("the full example is valid at every stage", async () => {
  const root = appFolder({});
  copyFileSync(new URL("../fixtures/config/design.jsonc", import.meta.url), join(root, "hosting.json"));
  const dev = await loadApp({ root, stage: "dev" });
  expect(dev).toMatchObject({
    name: "guestbook",
    stage: "dev",
    protected: false,
    targets: ["lambda"],
    env: { GREETING: "hello" },
    secrets: ["SESSION_KEY"],
    keep: 10,
  });
  expect(dev.routes.at(-1)).toEqual({ pattern: "/reports/*", settings: { memory: 1024, timeout: 25 } });
  expect(dev.lambda).not.toHaveProperty("vpc");
  expect(dev.lambda).not.toHaveProperty("account");
  const prod = await loadApp({ root, stage: "prod" });
  expect(prod).toMatchObject({
    stage: "prod",
    protected: true,
    env: { GREETING: "안녕하세요" },
    lambda: { account: "123456789012", region: "ap-northeast-2" },
    workers: { compatibilityDate: "2026-08-01" },
  });
  expect(await loadApp({ root, stage: "pr-12" })).toEqual({ ...dev, stage: "pr-12" });
});

test("an app without hosting.json has its folder's name and the defaults", async () => {
  const root = join(appFolder({ "Mé App_2/functions/index.ts": "" }), "Mé App_2");
  expect(await loadApp({ root, stage: "local" })).toEqual({
    root,
    name: "me-app-2",
    stage: "local",
    protected: false,
    targets: ["lambda"],
    assets: "functions/_public",
    headers: [],
    group: "route",
    routes: [{ pattern: "/*", settings: { memory: 512, timeout: 10 } }],
    files: [],
    external: [],
    env: {},
    secrets: [],
    smoke: [],
    keep: 10,
    lambda: { architecture: "arm64", logRetention: 30, policies: [] },
    workers: { compatibilityDate: "2026-08-01", bindings: {}, domains: [], routes: [] },
  });
  expect((await loadApp({ root: appFolder({}).replace(/[^/]*$/, "12 안녕"), stage: "dev" })).name).toBe("app-12");
  expect((await loadApp({ root: "/안녕", stage: "dev" })).name).toBe("app");
});

test("a stage's objects are merged key by key; its lists and values replace", async () => {
  const text = withName(
    `"secrets": ["AA"], "env": { "XX": "1", "YY": "2" }, "routes": { "/*": { "memory": 256, "timeout": ` +
      `5 }, "/a": {} },
    "stages": { "prod": { "secrets": ["BB"], "env": { "YY": "3" }, "routes": { "/b": { "memory": 128 }, "/*": { ` +
      `"timeout": 9 } },
      "target": ["lambda", "workers"], "group": "app" } }`,
  );
  const app = await load(text, "prod");
  expect(app).toMatchObject({
    secrets: ["BB"],
    env: { XX: "1", YY: "3" },
    targets: ["lambda", "workers"],
    group: "app",
  });
  expect(app.routes.slice(1)).toEqual([
    { pattern: "/*", settings: { memory: 256, timeout: 9 } },
    { pattern: "/a", settings: {} },
    { pattern: "/b", settings: { memory: 128 } },
  ]);
});

test("the target option overrides the file's, and another file can be chosen", async () => {
  const root = appFolder({ "conf/other.json": '{ "name": "other", "target": ["lambda", "workers"] }' });
  expect(await loadApp({ root, stage: "dev", config: "conf/other.json", target: "node" })).toMatchObject({
    name: "other",
    targets: ["node"],
    root,
  });
  await expect(loadApp({ root, stage: "dev", config: "gone.json" })).rejects.toThrow(
    expect.objectContaining({ code: "CONFIG_MISSING" }),
  );
  await expect(loadApp({ root, stage: "dev", config: "conf" })).rejects.toThrow(
    expect.objectContaining({ code: "CONFIG_MISSING" }),
  );
});

test.each(["Prod", "1a", "a--b", "a-", "", "a_b", "__proto__"])("%j is not a valid stage", async (stage) => {
  await expect(load(withName('"keep": 1'), stage)).rejects.toThrow(expect.objectContaining({ code: "BAD_STAGE" }));
});

test("comments, trailing commas, CRLF and a byte order mark are allowed", async () => {
  expect(await load('\uFEFF// app\r\n{\r\n  "name": "a-1", /* x */\r\n  "keep": 3,\r\n}\r\n')).toMatchObject({
    name: "a-1",
    keep: 3,
  });
});

test("an unknown key is reported at its place with a suggestion", async () => {
  const error = await mistake('{\n  "name": "app",\n\t"secerts": []\n}');
  expect(error).toMatchObject({
    message: 'unknown key "secerts" in hosting.json; did you mean "secrets"?',
    fix: 'Write "secrets", or remove the key.',
  });
  expect(error.at).toEqual([
    {
      file: "hosting.json",
      line: 3,
      column: 2,
      frame: '2 |   "name": "app",\n3 |  "secerts": []\n  |  ^^^^^^^^^\n4 | }',
    },
  ]);
});

test("invalid JSON is reported at its place", async () => {
  expect(await mistake('{ "name": "app"\n  "keep": 1 }')).toMatchObject({
    code: "CONFIG_SYNTAX",
    at: [{ file: "hosting.json", line: 2, column: 3 }],
  });
  for (const text of ["", "  // nothing", "{", "{} {}", "{ name: 1 }", "{ 'a': 1 }"])
    expect(await mistake(text)).toMatchObject({ code: "CONFIG_SYNTAX" });
});

describe("mistakes", () => {
  const at = (line: number, column: number): object => ({ at: [{ line, column }] });
  type Mistake = readonly [text: string, code: string, message: RegExp, place?: object];
  const cases: readonly Mistake[] = [
    ["[]", "CONFIG_VALUE", /must be an object/, at(1, 1)],
    ["null", "CONFIG_VALUE", /must be an object.*null/],
    ["{}", "CONFIG_KEY", /lacks "name"/, at(1, 1)],
    ['{ "name": "My App" }', "CONFIG_VALUE", /"name" cannot be "My App"/, at(1, 11)],
    ['{ "name": "a--b" }', "CONFIG_VALUE", /"name"/],
    ['{ "name": "a", "name": "b" }', "CONFIG_KEY", /"name" is there twice/, at(1, 16)],
    [withName('"keep": "3"'), "CONFIG_VALUE", /whole number from 1 to 100, not a text/, at(3, 11)],
    [withName('"keep": 0'), "CONFIG_VALUE", /cannot be 0/],
    [withName('"external": ["./driver"]'), "CONFIG_VALUE", /"external\[0\]" cannot be ".\/driver"/],
    [withName('"files": ["../x"]'), "CONFIG_VALUE", /cannot be/],
    [withName('"files": ["/etc/passwd"]'), "CONFIG_VALUE", /cannot be/],
    [withName('"files": ["node_modules/**"]'), "CONFIG_VALUE", /cannot be/],
    [withName('"files": ["data/"]'), "CONFIG_VALUE", /cannot be/],
    [withName('"external": ["*"]'), "CONFIG_VALUE", /every package/],
    [withName('"external": ["pg", "pg"]'), "CONFIG_VALUE", /twice/],
    [withName('"keep": 1.5'), "CONFIG_VALUE", /cannot be 1.5/],
    [withName('"target": "worker"'), "CONFIG_VALUE", /did you mean "workers"/, at(3, 13)],
    [withName('"target": []'), "CONFIG_VALUE", /must not be empty/],
    [withName('"target": ["lambda", "lambda"]'), "CONFIG_VALUE", /twice/, at(3, 24)],
    [withName('"target": 3'), "CONFIG_VALUE", /must be one of "lambda", "workers", "node"/],
    [withName('"group": "routes"'), "CONFIG_VALUE", /did you mean "route"/],
    [withName('"assets": "/etc"'), "CONFIG_VALUE", /assets/],
    [withName('"assets": "a/../../b"'), "CONFIG_VALUE", /assets/],
    [withName('"assets": ".."'), "CONFIG_VALUE", /assets/],
    [withName('"routes": { "reports": {} }'), "CONFIG_KEY", /^a name in "routes" cannot be/, at(3, 15)],
    [withName('"routes": { "/a/*/b": {} }'), "CONFIG_KEY", /^a name in "routes" cannot be/],
    [withName('"routes": { "/a": { "memory": 64 } }'), "CONFIG_VALUE", /"memory" cannot be 64/],
    [
      withName('"routes": { "/a": { "timeout": 31 } }'),
      "CONFIG_VALUE",
      /"timeout" cannot be 31 behind an HTTP API/,
      at(3, 34),
    ],
    [withName('"routes": { "/a": { "timeout": 901 } }'), "CONFIG_VALUE", /"timeout" cannot be 901/],
    [withName('"lambda": { "front": "url" }'), "CONFIG_VALUE", /"front" cannot be "url"/],
    [
      withName('"lambda": { "front": "function-url" }'),
      "CONFIG_VALUE",
      /"function-url" with "group": "route"/,
      at(3, 24),
    ],
    [withName('"group": "folder", "lambda": { "front": "function-url" }'), "CONFIG_VALUE", /with "group": "folder"/],
    [withName('"routes": { "/a": { "time": 3 } }'), "CONFIG_KEY", /unknown key "time" in routes.\/a/],
    [withName('"headers": { "fonts/*": {} }'), "CONFIG_KEY", /^a name in "headers" cannot be/, at(3, 16)],
    [withName('"headers": { "/a/*/b": {} }'), "CONFIG_KEY", /^a name in "headers" cannot be/],
    [withName('"headers": { "/*": { "x y": "1" } }'), "CONFIG_KEY", /must be a header's name|cannot be "x y"/],
    [
      withName('"headers": { "/*": { "Content-Length": "1" } }'),
      "CONFIG_KEY",
      /"Content-Length" is a header that the server sets itself/,
    ],
    [withName('"headers": { "/*": { "etag": "1" } }'), "CONFIG_KEY", /server sets itself/],
    [withName('"headers": { "/*": { "x-a": "" } }'), "CONFIG_VALUE", /x-a/],
    [withName('"headers": { "/*": { "x-a": "1\\r\\nx-b: 2" } }'), "CONFIG_VALUE", /x-a/],
    [withName('"headers": { "/*": { "x-a": "안녕" } }'), "CONFIG_VALUE", /x-a/],
    [withName('"headers": { "/*": { "x-a": "to :splat" } }'), "CONFIG_VALUE", /placeholder/],
    [withName('"headers": { "/*": { "x-a": 1 } }'), "CONFIG_VALUE", /must be a text/],
    [withName('"env": { "A": "x" }'), "CONFIG_KEY", /cannot be "A"/],
    [withName('"env": { "__proto__": "x" }'), "CONFIG_KEY", /cannot be "__proto__"/],
    [withName('"env": { "AWS_REGION": "x" }'), "CONFIG_KEY", /Lambda sets itself/],
    [withName('"env": { "PORTICO_ENV": "x" }'), "CONFIG_KEY", /Portico's own/],
    ...[
      "NODE_OPTIONS",
      "NODE_ENV",
      "PATH",
      "Path",
      "LD_PRELOAD",
      "DYLD_LIBRARY_PATH",
      "HOME",
      "TMPDIR",
      "SSL_CERT_FILE",
    ].flatMap((name): readonly Mistake[] => [
      [withName(`"env": { "${name}": "x" }`), "CONFIG_KEY", /controls the process itself/],
      [withName(`"secrets": ["${name}"]`), "CONFIG_VALUE", /controls the process itself/],
      [withName(`"stages": { "prod": { "env": { "${name}": "x" } } }`), "CONFIG_KEY", /controls the process itself/],
      [withName(`"stages": { "prod": { "secrets": ["${name}"] } }`), "CONFIG_VALUE", /controls the process itself/],
    ]),
    [withName('"env": { "PORT": 80 }'), "CONFIG_VALUE", /"env.PORT" must be a text/],
    [withName('"secrets": ["TZ"]'), "CONFIG_VALUE", /Lambda sets itself/],
    [withName('"secrets": ["KEY", "KEY"]'), "CONFIG_VALUE", /twice/],
    [withName('"secrets": ["KEY"], "env": { "KEY": "" }'), "CONFIG_VALUE", /both "env" and "secrets"/, at(3, 15)],
    [
      withName('"secrets": ["KEY"], "workers": { "bindings": { "KEY": { "type": "d1" } } }'),
      "CONFIG_VALUE",
      /"secrets" and "bindings"/,
    ],
    [
      withName('"env": { "DB": "" }, "workers": { "bindings": { "DB": { "type": "d1" } } }'),
      "CONFIG_VALUE",
      /"env" and "bindings"/,
    ],
    [withName('"workers": { "bindings": { "DB": { "id": "x" } } }'), "CONFIG_KEY", /lacks "type"/],
    [withName('"workers": { "compatibilityDate": "2026-13-01" }'), "CONFIG_VALUE", /compatibilityDate/],
    [withName('"workers": { "compatibilityFlags": ["No-Flag"] }'), "CONFIG_VALUE", /compatibilityFlags/],
    [
      withName('"workers": { "compatibilityFlags": ["disable_request_signal"] }'),
      "CONFIG_VALUE",
      /opposite of a flag that is always sent/,
    ],
    [withName('"workers": { "compatibilityFlags": ["experimental"] }'), "CONFIG_VALUE", /Cloudflare does not accept/],
    [withName('"workers": { "compatibilityFlags": ["a_flag", "a_flag"] }'), "CONFIG_VALUE", /twice/],
    [withName('"smoke": [{ "status": 200 }]'), "CONFIG_KEY", /lacks "path"/],
    [withName('"smoke": [{ "path": "x" }]'), "CONFIG_VALUE", /"path"/],
    [withName('"lambda": { "account": 123456789012 }'), "CONFIG_VALUE", /"account" must be a text/],
    [withName('"lambda": { "region": "Seoul" }'), "CONFIG_VALUE", /"region"/],
    [withName('"lambda": { "architecture": "arm" }'), "CONFIG_VALUE", /"architecture" cannot be "arm"/],
    [withName('"lambda": { "vpc": { "subnets": ["subnet-1"] } }'), "CONFIG_VALUE", /lacks "securityGroups"/, at(3, 22)],
    [
      withName(`"lambda": { "vpc": { "subnets": ${JSON.stringify(ids("subnet", 17))}, "securityGroups": ["sg-1"] } }`),
      "CONFIG_VALUE",
      /"subnets" has 17 values, and at most 16/,
    ],
    [
      withName(`"lambda": { "vpc": { "subnets": ["subnet-1"], "securityGroups": ${JSON.stringify(ids("sg", 6))} } }`),
      "CONFIG_VALUE",
      /"securityGroups" has 6 values, and at most 5/,
    ],
    [withName('"protected": true'), "CONFIG_KEY", /unknown key "protected"/],
    [withName('"stages": { "Prod": {} }'), "CONFIG_KEY", /^a name in "stages" cannot be/],
    [withName('"stages": { "prod": { "name": "x" } }'), "CONFIG_KEY", /unknown key "name" in stages.prod/],
    [withName('"stages": { "prod": { "stages": {} } }'), "CONFIG_KEY", /unknown key "stages"/],
    [withName('"stages": { "prod": { "keep": 0 } }'), "CONFIG_VALUE", /"keep"/, at(3, 33)],
  ];
  test.each(cases.map(([text, code, message, place = {}]) => ({ text, code, message, place })))(
    "$text",
    async ({ text, code, message, place }) => {
      const error = await mistake(text);
      expect(error).toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
        fix: expect.stringMatching(/^[A-Z].*\.$/s) as string,
        ...place,
      });
      expect(error.at[0]?.frame).toContain("^");
    },
  );

  test("a function URL allows 900 s; a stage that uses an HTTP API instead is an error", async () => {
    const text = withName(
      '"group": "app", "routes": { "/*": { "timeout": 900 } }, "lambda": { "front": ' +
        '"function-url" },\n  "stages": { "prod": { "lambda": { "front": "http-api" } }, "pr": { "group": "route" } }',
    );
    const valid = text.replace(/"stages".*/, '"keep": 10');
    expect(await load(valid)).toMatchObject({ group: "app", lambda: { front: "function-url" } });
    expect(await mistake(text, "prod")).toMatchObject({
      message: expect.stringMatching(/cannot be 900 behind an HTTP API/) as string,
    });
    expect(await mistake(text, "pr")).toMatchObject({
      message: expect.stringMatching(/with "group": "route"/) as string,
    });
  });

  test("a conflict that a stage causes is reported in the stage", async () => {
    const text = withName('"secrets": ["KEY"],\n  "stages": { "prod": { "env": { "KEY": "x" } } }');
    expect(await mistake(text, "prod")).toMatchObject({ code: "CONFIG_VALUE", at: [{ line: 3 }] });
    // At another stage, too: a file with a mistake is one.
    expect(await mistake(text, "dev")).toMatchObject({
      message: 'at stage prod: "KEY" is in both "env" and "secrets"',
      at: [{ line: 3 }],
    });
    const own = withName('"env": { "KEY": "x" },\n  "stages": { "prod": { "secrets": ["KEY"] } }');
    expect(await mistake(own, "prod")).toMatchObject({ at: [{ line: 4, column: 37 }] });
  });
});

test("the reference app's own file is valid", async () => {
  const root = new URL("../..", import.meta.url).pathname;
  expect(JSON.parse(readFileSync(join(root, "hosting.json"), "utf8"))).toMatchObject({
    name: (await loadApp({ root, stage: "local" })).name,
  });
});

test("a job has its settings, and its schedule is checked where it stands", async () => {
  const app = await load(
    withName(`"jobs": { "digest": { "cron": "0 9 * * 1-5", "zone": "Asia/Seoul", "retries": 0 } }`),
  );
  expect(app.jobs).toEqual({ digest: { cron: "0 9 * * 1-5", zone: "Asia/Seoul", retries: 0 } });
  const wrong = await mistake(withName(`"jobs": { "digest": { "cron": "0 25 * * *" } }`));
  expect(wrong).toMatchObject({ code: "CRON", at: [{ file: "hosting.json", line: 3, column: 33 }] });
  expect(wrong.message).toBe('the hour cannot be "25"');
  const zone = await mistake(withName(`"jobs": { "digest": { "cron": "0 5 * * *", "zone": "Asia/Soul" } }`));
  expect(zone).toMatchObject({ code: "ZONE", message: expect.stringContaining('did you mean "Asia/Seoul"?') });
  expect((await mistake(withName(`"jobs": { "digest": { "cron": "0 5 * * *", "zone": "+09:00" } }`))).code).toBe(
    "ZONE",
  );
  expect((await mistake(withName(`"jobs": { "digest": { "zone": "UTC" } }`))).code).toBe("CONFIG_VALUE");
  expect((await mistake(withName(`"jobs": { "digest": { "crom": "* * * * *" } }`))).message).toContain('"cron"');
  expect((await mistake(withName(`"jobs": { "Digest": {} }`))).code).toBe("CONFIG_KEY");
  expect((await mistake(withName(`"jobConcurrency": 1`))).code).toBe("CONFIG_VALUE");
});

test("a stage's schedule replaces the general one, and is checked", async () => {
  const stages = (cron: string): string =>
    withName(`"jobs": { "digest": { "cron": "0 9 * * *" } },
  "stages": { "prod": { "jobs": { "digest": { "cron": "${cron}" } } } }`);
  expect((await load(stages("0 8 * * *"), "prod")).jobs).toEqual({ digest: { cron: "0 8 * * *" } });
  expect(await mistake(stages("x"), "prod")).toMatchObject({ code: "CRON", at: [{ line: 4 }] });
});

test("schedules run at the stages that are named, unless hosting.json says otherwise", async () => {
  const text = (more: string): string =>
    withName(`"jobs": { "digest": { "cron": "0 9 * * *" } }, "stages": { "prod": {} }${more}`);
  expect((await load(text(""), "prod")).clock).toBe(true);
  expect((await load(text(""), "pr-12")).clock).toBeUndefined();
  expect((await load(text(', "clock": false'), "prod")).clock).toBe(false);
  expect((await load(text(', "clock": true'), "pr-12")).clock).toBe(true);
  expect((await load(text(', "clock": "lambda"'), "prod")).clock).toBe("lambda");
  expect(await mistake(text(', "clock": "lamda"'))).toMatchObject({
    code: "CONFIG_VALUE",
    message: expect.stringContaining('did you mean "lambda"?'),
  });
  expect(await mistake(text(', "clock": "on"'))).toMatchObject({
    fix: 'Write one of true, false, "lambda", "workers".',
  });
  expect(await mistake(text(', "clock": 1'))).toMatchObject({
    message: '"clock" must be one of true, false, "lambda", "workers", not a number',
  });
  expect(await mistake(text(', "clock": "workers"'))).toMatchObject({
    code: "CONFIG_VALUE",
    message: expect.stringContaining("where the target is lambda"),
  });
  expect((await load(text(', "clock": "workers", "target": ["lambda", "workers"]'), "prod")).clock).toBe("workers");
});
