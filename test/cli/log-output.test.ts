/** Output of an app in a process with `--json`: text becomes JSON lines, and JSON lines stay as they are. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const module = new URL("../../framework/cli/log-output.ts", import.meta.url).href;

test("text becomes a JSON log record, JSON lines stay unchanged", async () => {
  const program = `import { printJsonLines } from ${JSON.stringify(module)}; printJsonLines();
    console.log("text", { a: 1 }); console.log(JSON.stringify({ own: true }));
    process.stdout.write(""); process.stdout.write(Buffer.from("bytes\\n"));
    console.error(new Error("two\\nlines").message); console.log("7");`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  const log = (stream: string, text: string): object => ({ type: "log", stream, text });
  const lines = (text: string): unknown =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
  expect(lines(stdout)).toEqual([
    log("stdout", "text { a: 1 }"),
    { own: true },
    log("stdout", "bytes"),
    log("stdout", "7"),
  ]);
  expect(lines(stderr)).toEqual([log("stderr", "two\nlines")]);
});
