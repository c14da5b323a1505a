/** Asks a version, without any front, which build it is: that it starts and is what was built, or a UserError. */
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { UserError } from "../../framework/model/user-error.ts";
import type { Version } from "../platform.ts";
import type { Clients } from "./clients.ts";

/** An event that no HTTP front sends; the adapter answers it (framework/runtime/lambda-handler.ts). */
const question = Buffer.from(JSON.stringify({ portico: "build" }));

/** Throws UserError PROBE_FAILED. @param build what it must answer */
export async function probe({ lambda }: Clients, { ref, function: id, number }: Version, build: string): Promise<void> {
  const [FunctionName, Qualifier] = [ref.slice(0, ref.lastIndexOf(":")), ref.slice(ref.lastIndexOf(":") + 1)];
  const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName, Qualifier, Payload: question }));
  const text = Payload?.transformToString("utf8") ?? "";
  const answer = parse(text);
  if (FunctionError === undefined && answer["statusCode"] === 200 && answer["body"] === build) return;
  const found =
    FunctionError === undefined ? `it answers as another build: ${text.slice(0, 120)}` : `${FunctionError} ${text.slice(0, 600)}`;
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
