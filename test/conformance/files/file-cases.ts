/** Declares the cases of files for one runtime: runs of app/functions/_lib/file-checks.ts, with what each gives. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadApp } from "../../../framework/config/app-loader.ts";
import type { RunningApp, Runtime } from "../runtime.ts";

const root = fileURLToPath(new URL("app/", import.meta.url));

const ofText = (status: number, range: string | null, text: string): readonly unknown[] => [
  status,
  range,
  String(text.length),
  "text/plain",
  10,
  text,
];
const beyond = [416, "bytes */10", null, null, 10, ""];
const refused = (times: number, code: string): readonly string[] => Array.from({ length: times }, () => code);

const cases: Readonly<Record<string, unknown>> = {
  contents: [
    ["k", 6, "text/plain; charset=utf-8", true],
    [true, true, true],
    [200, true, "bytes", "안녕"],
    [3, "application/octet-stream", true],
    [true],
  ],
  bodies: [
    ...["", "AB", "C", "blob", "stream", "application/octet-stream", 3_000_000, true],
    [206, "bytes 2999999-2999999/3000000"],
    ...["FILE_SIZE", "FILE_SIZE", 3_000_000],
  ],
  ranges: [
    [
      ofText(206, "bytes 0-3/10", "0123"),
      ofText(206, "bytes 4-9/10", "456789"),
      ofText(206, "bytes 7-9/10", "789"),
      ofText(206, "bytes 0-9/10", "0123456789"),
      ofText(206, "bytes 8-9/10", "89"),
      beyond,
      beyond,
    ],
    [200, 200, 200, 200, 200],
    [
      [416, "bytes */0", null, null, 0, ""],
      [200, null, "0", "text/plain", 0, ""],
    ],
    [],
    [ofText(206, "bytes 0-3/10", "0123"), ofText(200, null, "0123456789"), ofText(200, null, "0123456789")],
  ],
  preconditions: [
    [...Array.from({ length: 4 }, () => [304, ""]), [200, "0123456789"], [200, "0123456789"]],
    [304, true, null, null],
  ],
  keys: [
    true,
    [
      ...[
        "/lead",
        "A",
        "a",
        "a b",
        "a%2Fb",
        "a+b",
        "a/b",
        "q?#&='()*!",
        "trail/",
        "x//y",
        "longest",
        "é/…",
        "\u{10ffff}",
      ],
    ],
    refused(8, "FILE_KEY"),
    refused(8, "FILE_KEY"),
    refused(3, "FILE_NAMESPACE"),
  ],
  lists: [
    ["u1/a", "u1/b", "u1/é", "u1/\ufffd", "u1/\u{10ffff}z"],
    ["u1/b", "u1/é"],
    ["u1/a"],
    [],
    ["u2/a"],
    [],
    [],
    [4, 4, 5, 6, 8],
  ],
  forms: [
    "POST",
    true,
    ["text/plain", 5, "12345"],
    true,
    false,
    false,
    false,
    false,
    "again",
    true,
    [303, true],
    "next",
  ],
  large: [true, [206, "bytes 10999998-10999999/11000000", "2", "text/plain", 11_000_000, "xy"]],
  limits: [
    "FILE_KEY",
    "FILE_FORM",
    "FILE_FORM",
    "FILE_TYPE",
    "FILE_TYPE",
    "FILE_SIZE",
    refused(3, "FILE_LIMIT"),
    [],
    [],
  ],
};

/** Runs all cases on one server. */
export function fileCases(runtime: Runtime): void {
  let running: RunningApp;
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portico-files-"));
    running = await runtime.start({ app: await loadApp({ root, stage: "local" }), env: {}, folder });
  });
  afterAll(async () => {
    await running.close();
    await rm(folder, { recursive: true, force: true });
  });
  test.each(Object.entries(cases))(`${runtime.name}: files: %s`, async (name, given) => {
    const response = await fetch(`${running.origin}/files/${name}`);
    expect([response.status, await response.json()]).toEqual([200, given]);
  });
}
