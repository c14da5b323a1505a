/** How an event can end, and the result, failure and log lines that Lambda makes of each end. */
import type { Failure } from "../../model/invocation.ts";
import type { InvocationResult } from "./invocation.ts";

/** How an event ended. */
export type InvocationEnd =
  | { readonly kind: "response" | "error" | "init-error"; readonly payload: Uint8Array }
  | { readonly kind: "too-large"; readonly limit: number }
  | { readonly kind: "exit"; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: "timeout"; readonly seconds: number }
  | { readonly kind: "memory"; readonly limit: number };

/** Signal names as Go prints them, which Lambda's texts use. */
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

/** An error document of the platform, and the same failure for the developer. */
function platformError(
  errorType: string,
  errorMessage: string,
  developerMessage = errorMessage,
): Pick<InvocationResult, "payload" | "functionError" | "failure"> {
  const payload = Buffer.from(JSON.stringify({ errorType, errorMessage }));
  return { payload, functionError: "Unhandled", failure: { name: errorType, message: developerMessage, stack: "" } };
}

/** The failure in an error document that a runtime client posted. */
function postedFailure(payload: Uint8Array): Failure {
  let posted: { readonly errorType?: unknown; readonly errorMessage?: unknown; readonly trace?: unknown } = {};
  try {
    posted = Object(JSON.parse(Buffer.from(payload).toString())) as typeof posted;
  } catch {
    // A client may post any bytes, which are passed on unchanged.
  }
  const { errorType = "Error", errorMessage = "", trace } = posted;
  return {
    name: String(errorType),
    message: String(errorMessage),
    stack: Array.isArray(trace) ? trace.join("\n") : "",
  };
}

/** The error type in Lambda's own lines, where errors of the function are Runtime.Unknown. */
function platformType({ name }: Failure): string {
  return /^(Runtime|Function)\.[A-Z]/.test(name) ? name : "Runtime.Unknown";
}

/** The status in Lambda's own lines; `lines` report an end without a response. */
export function toReportStatus(
  end: InvocationEnd,
  requestId: string,
  now: Date,
): {
  readonly status: "success" | "error" | "timeout";
  readonly errorType?: string;
  readonly lines: readonly string[];
} {
  switch (end.kind) {
    case "response":
      return { status: "success", lines: [] };
    case "error":
    case "init-error":
      return { status: "error", errorType: platformType(postedFailure(end.payload)), lines: [] };
    case "too-large":
      return { status: "error", errorType: "Function.ResponseSizeTooLarge", lines: [] };
    case "timeout":
      return {
        status: "timeout",
        lines: [`${now.toISOString()} ${requestId} Task timed out after ${end.seconds.toFixed(2)} seconds`, ""],
      };
    case "memory":
      return { status: "error", errorType: "Runtime.OutOfMemory", lines: exitLines(requestId, null, "SIGKILL") };
    case "exit":
      return {
        status: "error",
        errorType: "Runtime.ExitError",
        lines: exitLines(requestId, end.code, end.signal),
      };
  }
}

const exitLines = (requestId: string, code: number | null, signal: NodeJS.Signals | null): readonly string[] => [
  `RequestId: ${requestId} Error: ${exitText(code, signal)}`,
  "Runtime.ExitError",
];

/** The result without its times. A `reported` failure of the function explains more than the platform's. */
export function toInvocationResult(
  end: InvocationEnd,
  requestId: string,
  reported?: Failure,
): Omit<InvocationResult, "cold" | "durationMs" | "initMs"> {
  const prefix = `RequestId: ${requestId} Error: `;
  switch (end.kind) {
    case "response":
      return { payload: end.payload, ...(reported && { failure: reported }) };
    case "error":
    case "init-error":
      return {
        payload: end.payload,
        functionError: "Unhandled",
        failure: reported ?? postedFailure(end.payload),
      };
    case "too-large":
      return platformError(
        "Function.ResponseSizeTooLarge",
        `Response payload size exceeded maximum allowed payload size (${end.limit} bytes).`,
      );
    case "timeout":
      return {
        ...platformError("Sandbox.Timedout", `${prefix}Task timed out after ${end.seconds.toFixed(2)} seconds`),
        timedOut: true,
      };
    case "memory":
      return platformError(
        "Runtime.ExitError",
        prefix + exitText(null, "SIGKILL"),
        `the function used more than its ${end.limit} MB of memory`,
      );
    case "exit": {
      const result = platformError("Runtime.ExitError", prefix + exitText(end.code, end.signal));
      return reported ? { ...result, failure: reported } : result;
    }
  }
}
