/** Asks a version, without any front, which build it is: that it starts and is what was built, or a UserError. */
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { UserError } from "../../framework/model/user-error.ts";
import type { Version } from "../platform.ts";
import type { Clients } from "./clients.ts";
import { failureText } from "./failure-text.ts";
import { isConflict, isInvalidParameter, named, retrying } from "./retry.ts";
import type { Role } from "./role.ts";

/** An event that no HTTP front sends; the adapter answers it (framework/runtime/lambda-handler.ts). */
const question = Buffer.from(JSON.stringify({ portico: "build" }));

/**
 * Invokes again for a minute what cannot be invoked yet: a version that is Pending, as an idle one becomes when it is first called, or
 * whose role was just made and is not assumable everywhere ("Lambda function states", "Troubleshoot invocation issues").
 */
export function whenReady<T>({ clock }: Pick<Clients, "clock">, role: Pick<Role, "created">, invoke: () => Promise<T>): Promise<T> {
  const isFresh = (): boolean => clock.now() - role.created < 120_000;
  const isForNow = (error: unknown): boolean =>
    isConflict(error) ||
    named(error, "ResourceNotReadyException") ||
    (isFresh() && (isInvalidParameter(error) || named(error, "AccessDeniedException")));
  return retrying({ clock, limit: 60_000 }, isForNow, invoke);
}

/** Throws UserError PROBE_FAILED. @param build what it must answer */
export async function probe(clients: Clients, role: Pick<Role, "created">, version: Version, build: string): Promise<void> {
  const { ref, function: id, number } = version;
  const [FunctionName, Qualifier] = [ref.slice(0, ref.lastIndexOf(":")), ref.slice(ref.lastIndexOf(":") + 1)];
  const command = new InvokeCommand({ FunctionName, Qualifier, Payload: question });
  const { FunctionError, Payload } = await whenReady(clients, role, () => clients.lambda.send(command));
  const text = Payload?.transformToString("utf8") ?? "";
  const answer = parse(text);
  if (FunctionError === undefined && answer["statusCode"] === 200 && answer["body"] === build) return;
  const found = FunctionError === undefined ? `it answers as another build: ${text.slice(0, 120)}` : failureText(FunctionError, text);
  throw new UserError(
    "PROBE_FAILED",
    `version ${number} of the function ${id} does not start as it should: ${found}`,
    "what is live was not touched; portico logs shows what it printed; repair it and deploy again",
  );
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
