/** Prints plans, asks for their confirmation, writes them to a file and reads them back. */
import { readFile, writeFile } from "node:fs/promises";
import { type Plan, planText, changesToConfirm } from "../../deploy/plan.ts";
import { UserError } from "../model/user-error.ts";
import { confirm } from "./confirmation.ts";
import type { CommandInput } from "./command.ts";
import type { Reporter } from "./reporter.ts";

const colours = { "+": "green", "~": "yellow", "-": "red", "!": "magenta", "=": "dim", "?": "yellow" } as const;

/** One line per change, in the colour of its sign. */
export function paintPlan(plan: Plan, reporter: Reporter): string {
  const [heading = "", ...lines] = planText(plan).split("\n");
  const painted = lines.map((line) => reporter.paint(colours[line.slice(0, 1) as keyof typeof colours], line));
  return [reporter.paint("bold", heading), ...painted, ""].join("\n");
}

/**
 * Asks for a confirmation of removals, new permissions and what cannot be told yet. Throws UserError NOT_AGREED,
 * CONSENT_NEEDED.
 */
export async function confirmPlans(
  plans: readonly Plan[],
  input: Pick<CommandInput, "flags" | "reporter">,
): Promise<void> {
  const lines = plans.flatMap(changesToConfirm);
  if (!lines.length) return;
  const count = (action: "remove" | "permit" | "ask"): number => lines.filter((line) => line.action === action).length;
  const words = [
    ...(count("remove") ? [`removes ${count("remove")} (-)`] : []),
    ...(count("permit") ? [`permits ${count("permit")} more (!)`] : []),
    ...(count("ask") ? ["runs the migrations that are found to be pending after the upload (?)"] : []),
  ];
  await confirm(input, `The plan ${words.join(" and ")}. Go on?`);
}

/** Throws UserError OUTPUT when it cannot be written. */
export async function writePlans(file: string, plans: readonly Plan[]): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify({ schemaVersion: 1, plans }, null, 2)}\n`);
  } catch (cause) {
    throw new UserError("OUTPUT", `the plan cannot be written to ${file}`, "Give --out the path of a writable file.", {
      cause,
    });
  }
}

/** Throws UserError PLAN_FILE, PLAN_NEWER. */
export async function readPlans(file: string): Promise<readonly Plan[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new UserError(
      "PLAN_FILE",
      "the plan cannot be read",
      "Give --plan a file that portico plan --stage NAME --out FILE wrote.",
      {
        at: { file },
        cause,
      },
    );
  }
  const { schemaVersion, plans } = (value ?? {}) as { readonly schemaVersion?: unknown; readonly plans?: unknown };
  if (typeof schemaVersion === "number" && schemaVersion > 1)
    throw new UserError(
      "PLAN_NEWER",
      `a newer Portico wrote the plan (schema ${schemaVersion})`,
      "Run npm install portico@latest, or write the plan again with this version.",
      {
        at: { file },
      },
    );
  if (schemaVersion === 1 && Array.isArray(plans)) return plans as Plan[];
  throw new UserError(
    "PLAN_FILE",
    "this is not a plan",
    "Give --plan a file that portico plan --stage NAME --out FILE wrote.",
    {
      at: { file },
    },
  );
}
