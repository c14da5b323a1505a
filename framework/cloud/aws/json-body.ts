/** Parses the JSON body of a call into the members of its input structure. */
import { isRecord } from "../structure-reader.ts";
import { AwsError } from "../../emulation/aws/aws-error.ts";

/** Throws SerializationException when the body is not a JSON object. */
export function parseMembers(body: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch (cause) {
    throw new AwsError(
      "SerializationException",
      400,
      `Could not parse request body into json: ${(cause as Error).message}`,
    );
  }
  if (!isRecord(value))
    throw new AwsError("SerializationException", 400, "Start of structure or map found where not expected.");
  return value;
}
