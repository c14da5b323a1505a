/** Lines about migrations that run, for dev, deploy and `portico migrate`. */
import type { MigrationEvent } from "./run-options.ts";

/** A line for people; undefined for what need not be told. @param database its name where there are several */
export function migrationLine(event: MigrationEvent, database?: string): string | undefined {
  const { step, file } = event;
  const what = `${database === undefined ? "" : `${database}: `}migration ${file.name}`;
  if (step === "applied") return `${what} applied in ${event.milliseconds} ms`;
  if (step === "busy") return `${what} is run by somebody else; waiting`;
  if (step !== "retry") return undefined;
  const { attempt, attempts, seconds } = event;
  return `${what} could not lock its table within a second (${attempt} of ${attempts}); again in ${seconds} s`;
}
