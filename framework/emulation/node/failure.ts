/** The failure of an error that an app threw, with a stack that contains only the app's frames. */
import { fileURLToPath } from "node:url";
import type { Failure } from "../../model/invocation.ts";
import type { ResponseParts } from "./response-parts.ts";

/** Frames of Portico itself are removed from stacks. */
const ownFolder = new URL("../../", import.meta.url);
const ownFolders = [ownFolder.href, fileURLToPath(ownFolder)];

/** The last frame, where it is Node's. */
const lastNodeFrame = /\n {4}at [^\n]*(?:\(|at )node:[^\n]*$/;

/** The stack without Portico's frames and without Node's frames below the app's. */
export function appFrames(stack: string): string {
  const lines = stack.split("\n").filter((line) => !ownFolders.some((folder) => line.includes(folder)));
  let rest = lines.join("\n");
  while (lastNodeFrame.test(rest)) rest = rest.replace(lastNodeFrame, "");
  return rest;
}

/** Accepts any thrown value. */
export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error))
    return { name: "Error", message: String(error), stack: `${String(error)} (thrown, but not an Error)` };
  // All of them may have been set to any value. The name has the code, as in Node's own stacks.
  const { code } = error as NodeJS.ErrnoException;
  const name = typeof code === "string" ? `${String(error.name)} [${code}]` : String(error.name);
  const message = String(error.message);
  const stack = typeof error.stack === "string" ? error.stack : `${name}: ${message}`;
  return { name, message, stack: appFrames(stack) };
}

/** The response that clients get for a failure in production. */
export const internalServerError = (requestId: string): ResponseParts => ({
  status: 500,
  headers: ["content-type", "application/json"],
  body: JSON.stringify({ error: "Internal Server Error", requestId }),
});
