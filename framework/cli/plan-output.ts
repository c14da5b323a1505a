/** A plan for people and machines: plans in, painted lines or a file out; and read back from that file. */
import { readFile, writeFile } from "node:fs/promises";
import { type Plan, planText, toAgree } from "../../deploy/plan.ts";
import { UserError } from "../model/user-error.ts";
import { agree } from "./consent.ts";
import type { CommandInput } from "./command.ts";
import type { Reporter } from "./reporter.ts";

const colours = { "+": "green", "~": "yellow", "-": "red", "!": "magenta", "=": "dim" } as const;

/** One line a change, in the colour of its sign. */
export function paintPlan(plan: Plan, reporter: Reporter): string {
  const [heading = "", ...lines] = planText(plan).split("\n");
  const painted = lines.map((line) => reporter.paint(colours[line.slice(0, 1) as keyof typeof colours], line));
  return [reporter.paint("bold", heading), ...painted, ""].join("\n");
}

/** Asks about what a plan removes and permits. Throws UserError NOT_AGREED, CONSENT_NEEDED. */
export async function agreeToPlans(plans: readonly Plan[], input: CommandInput): Promise<void> {
  const lines = plans.flatMap(toAgree);
  if (!lines.length) return;
  const count = (action: "remove" | "permit"): number => lines.filter((line) => line.action === action).length;
  const words = [
    ...(count("remove") ? [`removes ${count("remove")} (-)`] : []),
    ...(count("permit") ? [`permits ${count("permit")} more (!)`] : []),
  ];
  await agree(input, `The plan ${words.join(" and ")}. Go on?`);
}

/** Throws UserError OUTPUT when it cannot be written. */
export async function writePlans(file: string, plans: readonly Plan[]): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify({ schemaVersion: 1, plans }, null, 2)}\n`);
  } catch (cause) {
    throw new UserError("OUTPUT", `the plan cannot be written to ${file}`, "give --out a file that can be written", { cause });
  }
}

/** Throws UserError PLAN_FILE, PLAN_NEWER. */
export async function readPlans(file: string): Promise<readonly Plan[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new UserError("PLAN_FILE", "the plan cannot be read", "give the file that portico plan --out wrote", { at: { file }, cause });
  }
  const { schemaVersion, plans } = (value ?? {}) as { readonly schemaVersion?: unknown; readonly plans?: unknown };
  if (typeof schemaVersion === "number" && schemaVersion > 1)
    throw new UserError("PLAN_NEWER", `the plan was written by a newer Portico (schema ${schemaVersion})`, "use that version", {
      at: { file },
    });
  if (schemaVersion === 1 && Array.isArray(plans)) return plans as Plan[];
  throw new UserError("PLAN_FILE", "this is not a plan", "give the file that portico plan --out wrote", { at: { file } });
}
