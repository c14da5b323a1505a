/** A data folder of a test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that goes when the test ends. */
export function dataFolder(): string {
  const data = mkdtempSync(join(tmpdir(), "portico-jobs-"));
  onTestFinished(() => rmSync(data, { recursive: true }));
  return data;
}
