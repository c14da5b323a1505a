/** How an event can end, and what Lambda's Invoke says of it: an ending in, payload, function error and failure out. */
import type { Failure } from "../../model/invocation.ts";
import type { LambdaOutcome } from "./outcome.ts";

/** Why an event is over. */
export type Ending =
  | { readonly kind: "response" | "error" | "init-error"; readonly payload: Uint8Array }
  | { readonly kind: "too-large"; readonly limit: number }
  | { readonly kind: "exit"; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: "timeout"; readonly seconds: number }
  | { readonly kind: "memory"; readonly limit: number };

/** Node's names for signals as Go prints them, which Lambda's texts use. */
const signalNames: Readonly<Record<string, string>> = {
  SIGKILL: "killed",
  SIGABRT: "aborted",
  SIGSEGV: "segmentation fault",
  SIGTERM: "terminated",
  SIGINT: "interrupt",
  SIGBUS: "bus error",
};

function exitText(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal) return `Runtime exited with error: signal: ${signalNames[signal] ?? signal}`;
  return code === 0 ? "Runtime exited without providing a reason" : `Runtime exited with error: exit status ${code}`;
}

/** An error document of the platform's, and the failure that says the same to the developer. */
function platformError(
  errorType: string,
  errorMessage: string,
  explained = errorMessage,
): Pick<LambdaOutcome, "payload" | "functionError" | "failure"> {
  const payload = Buffer.from(JSON.stringify({ errorType, errorMessage }));
  return { payload, functionError: "Unhandled", failure: { name: errorType, message: explained, stack: "" } };
}

/** What a runtime client posted, as far as it is an error document. */
function postedFailure(payload: Uint8Array): Failure {
  let posted: { readonly errorType?: unknown; readonly errorMessage?: unknown; readonly trace?: unknown } = {};
  try {
    posted = Object(JSON.parse(Buffer.from(payload).toString())) as typeof posted;
  } catch {
    // Any client may post anything; it is passed on as it is.
  }
  const { errorType = "Error", errorMessage = "", trace } = posted;
  return { name: String(errorType), message: String(errorMessage), stack: Array.isArray(trace) ? trace.join("\n") : "" };
}

/** An error type as Lambda's own lines have it; those of the function's own making are Runtime.Unknown there. */
function platformType({ name }: Failure): string {
  return /^(Runtime|Function)\.[A-Z]/.test(name) ? name : "Runtime.Unknown";
}

/** What Lambda's own lines say of it. `ended` are the lines that tell of an ending other than an answer. */
export function describeReport(
  ending: Ending,
  requestId: string,
  now: Date,
): { readonly status: "success" | "error" | "timeout"; readonly errorType?: string; readonly ended: readonly string[] } {
  switch (ending.kind) {
    case "response":
      return { status: "success", ended: [] };
    case "error":
    case "init-error":
      return { status: "error", errorType: platformType(postedFailure(ending.payload)), ended: [] };
    case "too-large":
      return { status: "error", errorType: "Function.ResponseSizeTooLarge", ended: [] };
    case "timeout":
      return {
        status: "timeout",
        ended: [`${now.toISOString()} ${requestId} Task timed out after ${ending.seconds.toFixed(2)} seconds`, ""],
      };
    case "memory":
      return { status: "error", errorType: "Runtime.OutOfMemory", ended: exitLines(requestId, null, "SIGKILL") };
    case "exit":
      return { status: "error", errorType: "Runtime.ExitError", ended: exitLines(requestId, ending.code, ending.signal) };
  }
}

const exitLines = (requestId: string, code: number | null, signal: NodeJS.Signals | null): readonly string[] => [
  `RequestId: ${requestId} Error: ${exitText(code, signal)}`,
  "Runtime.ExitError",
];

/** The outcome without its times. `reported` is what the function said out of band, and explains more. */
export function describeEnding(
  ending: Ending,
  requestId: string,
  reported?: Failure,
): Omit<LambdaOutcome, "cold" | "durationMs" | "initMs"> {
  const about = `RequestId: ${requestId} Error: `;
  switch (ending.kind) {
    case "response":
      return { payload: ending.payload, ...(reported && { failure: reported }) };
    case "error":
    case "init-error":
      return { payload: ending.payload, functionError: "Unhandled", failure: reported ?? postedFailure(ending.payload) };
    case "too-large":
      return platformError(
        "Function.ResponseSizeTooLarge",
        `Response payload size exceeded maximum allowed payload size (${ending.limit} bytes).`,
      );
    case "timeout":
      return { ...platformError("Sandbox.Timedout", `${about}Task timed out after ${ending.seconds.toFixed(2)} seconds`), timedOut: true };
    case "memory":
      return platformError(
        "Runtime.ExitError",
        about + exitText(null, "SIGKILL"),
        `the function used more than its ${ending.limit} MB of memory`,
      );
    case "exit": {
      const outcome = platformError("Runtime.ExitError", about + exitText(ending.code, ending.signal));
      return reported ? { ...outcome, failure: reported } : outcome;
    }
  }
}
