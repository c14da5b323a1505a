/** Printed errors: a bug with its stack and each cause once, a user's mistake without them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const from = (path: string): string => JSON.stringify(new URL(`../../framework/${path}`, import.meta.url).href);

async function printed(options: string): Promise<string> {
  const program = `import { Reporter } from ${from("cli/reporter.ts")};
    import { UserError } from ${from("model/user-error.ts")};
    const root = new Error("the disk is full"); root.cause = root;
    const both = new AggregateError(
      [new Error("first", { cause: root }), new Error("second", { cause: root })], "both failed");
    const reporter = new Reporter(${options});
    reporter.error(both); reporter.error(new UserError("CODE", "text", "fix it", { cause: both }));
    reporter.error("thrown text");`;
  return (await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program])).stderr;
}

const heads = (text: string): readonly string[] =>
  text.split("\n").filter((line) => line !== "" && !/^ +at /.test(line));

test("a bug is printed with each cause once", async () => {
  expect(heads(await printed("{ json: false, verbose: false }"))).toEqual([
    "bug in portico: AggregateError: both failed",
    ...["caused by: Error: first", "caused by: Error: second", "caused by: Error: the disk is full"],
    ...["error CODE: text", "fix: fix it"],
    "bug in portico: thrown text",
  ]);
});

test("a user's mistake is printed with its causes under --verbose", async () => {
  expect(heads(await printed("{ json: false, verbose: true }"))).toContain("caused by: AggregateError: both failed");
});

test("a bug printed as JSON has its causes", async () => {
  const [bug, mistake] = heads(await printed("{ json: true, verbose: false }")).map(
    (line) => JSON.parse(line) as { error: object },
  );
  expect(bug?.error).toMatchObject({
    code: "BUG",
    causes: ["first", "second", "full"].map((word): unknown => expect.stringContaining(word)),
  });
  expect(mistake?.error).toEqual({ code: "CODE", message: "text", fix: "fix it", at: [] });
});
