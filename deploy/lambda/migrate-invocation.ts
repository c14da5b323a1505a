/** Invokes the function of a stage that migrates databases from inside of its VPC. */
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { migrateFunctionId } from "../../framework/model/database.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";
import { isMissing } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import { functionName } from "./names.ts";
import { failureText, whenReady } from "./version-probe.ts";

/** Calls and answers are JSON (framework/migrations/migrate-call.ts). */
export interface MigrateInvocations {
  /** Throws UserError MIGRATE_FUNCTION_MISSING, MIGRATE_FUNCTION_FAILED. */
  ask(call: unknown): Promise<unknown>;
  /** Asynchronously: Lambda runs it at least once, and again where it fails. */
  start(call: unknown): Promise<void>;
}

/** What was uploaded last is invoked, whatever release is live: it has no part in answering requests. */
export function migrateInvocations(clients: Clients, owner: Owner): MigrateInvocations {
  // Until it answered once, its role may be as new as itself.
  let created = clients.clock.now();
  const invoke = async (call: unknown, InvocationType: "RequestResponse" | "Event") => {
    const command = new InvokeCommand({
      FunctionName: functionName(owner, migrateFunctionId),
      InvocationType,
      Payload: Buffer.from(JSON.stringify(call)),
    });
    const answer = await whenReady(clients, { created }, () => clients.lambda.send(command)).catch((error: unknown) => {
      throw isMissing(error) ? missing(owner, error) : error;
    });
    created = 0;
    return answer;
  };
  return {
    async ask(call) {
      const { FunctionError, Payload } = await invoke(call, "RequestResponse");
      const text = Payload?.transformToString("utf8") ?? "";
      if (FunctionError !== undefined) throw failed(owner, failureText(FunctionError, text));
      return JSON.parse(text) as unknown;
    },
    start: async (call) => void (await invoke(call, "Event")),
  };
}

const missing = ({ stage }: Owner, cause: unknown): UserError =>
  new UserError(
    "MIGRATE_FUNCTION_MISSING",
    "the databases are asked through a function in the VPC, which is not there yet",
    `Run portico deploy --stage ${stage} --target lambda, which makes it; or set PORTICO_MIGRATE_URL where the ` +
      "database can be reached.",
    { cause },
  );

const failed = ({ stage }: Owner, why: string): UserError =>
  new UserError(
    "MIGRATE_FUNCTION_FAILED",
    `the function that migrates ended without an answer: ${why}`,
    `Run portico logs --stage ${stage} to see its output.`,
  );
