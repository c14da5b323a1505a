/** What Jinja2 itself makes of templates: of Debian's python3-jinja2, or as it was recorded from that. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Case, Outcome } from "./rendering.ts";

const python = "/usr/bin/python3";

/** In the order of the cases. Throws where the machine has no python3-jinja2. */
export function jinjaOutcomes(cases: readonly Case[]): readonly Outcome[] {
  const script = fileURLToPath(new URL("jinja.py", import.meta.url));
  const options = { input: JSON.stringify(cases), maxBuffer: 2 ** 28, encoding: "utf8" } as const;
  const { status, stdout, stderr, error } = spawnSync(python, [script], options);
  if (status !== 0) throw new Error(stderr || "no /usr/bin/python3: apt-get install python3-jinja2", { cause: error });
  return JSON.parse(stdout) as readonly Outcome[];
}

/** An outcome as it is recorded: the output, 0 for a template that is refused, 1 for one that fails. */
export const toRecord = (outcome: Outcome): string | 0 | 1 =>
  "output" in outcome ? outcome.output : outcome.error === "syntax" ? 0 : 1;
