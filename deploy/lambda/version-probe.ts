/** Invokes a new version directly and checks that it starts and answers as the build that was uploaded. */
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { isConflict, isInvalidParameter, hasName } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import type { Role } from "./role.ts";
import { retry } from "../retry.ts";
import type { Version } from "../parts.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { versionTarget } from "./names.ts";

/** An event that no HTTP front sends; the adapter answers it (framework/runtime/lambda-handler.ts). */
const question = Buffer.from(JSON.stringify({ portico: "build" }));

/**
 * Retries the invocation of a version for a minute: it may be Pending, as an idle one becomes when it is first called,
 * or its role may be new and not assumable everywhere ("Lambda function states", "Troubleshoot
 * invocation issues").
 */
export function whenReady<T>(
  { clock }: Pick<Clients, "clock">,
  role: Pick<Role, "created">,
  invoke: () => Promise<T>,
): Promise<T> {
  const isFresh = (): boolean => clock.now() - role.created < 120_000;
  const isForNow = (error: unknown): boolean =>
    isConflict(error) ||
    hasName(error, "ResourceNotReadyException") ||
    (isFresh() && (isInvalidParameter(error) || hasName(error, "AccessDeniedException")));
  return retry({ clock, limit: 60_000 }, isForNow, invoke);
}

/** What a probe expects, and what its error names. */
export interface Probed {
  /** The id of the build that was uploaded. */
  readonly build: string;
  readonly stage: string;
  /** Of the function's routes or jobs. */
  readonly files: readonly string[];
}

/** Throws UserError PROBE_FAILED. */
export async function probeVersion(
  clients: Clients,
  role: Pick<Role, "created">,
  version: Version,
  expected: Probed,
): Promise<void> {
  const command = new InvokeCommand({ ...versionTarget(version.ref), Payload: question });
  const { FunctionError, Payload } = await whenReady(clients, role, () => clients.lambda.send(command));
  const text = Payload?.transformToString("utf8") ?? "";
  const answer = parseAnswer(text);
  if (FunctionError === undefined && answer["statusCode"] === 200 && answer["body"] === expected.build) return;
  const found =
    FunctionError === undefined
      ? `it answers as another build: ${text.slice(0, 120)}`
      : failureText(FunctionError, text);
  throw notStarted(version, expected, found);
}

/** Files that an error names. */
const most = 3;

/** UserError PROBE_FAILED. @param found what the version did */
export function notStarted({ function: id, number }: Version, { stage, files }: Probed, found: string): UserError {
  const [file] = files;
  const more = files.length > most ? [`${files.length - most} more`] : [];
  const named = file === undefined ? "" : ` (${[...files.slice(0, most), ...more].join(", ")})`;
  return new UserError(
    "PROBE_FAILED",
    `version ${number} of the function ${id}${named} does not start correctly: ${found}`,
    `Run portico logs --stage ${stage} to see its output, correct the code and deploy again. The live release is ` +
      "unchanged.",
    files.length === 1 && file !== undefined ? { at: { file } } : {},
  );
}

function parseAnswer(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** `TypeError: message`, from a function's error document; other text as it is. */
export function failureText(code: string, details: string): string {
  try {
    const { errorType = code, errorMessage = "" } = JSON.parse(details) as {
      readonly errorType?: unknown;
      readonly errorMessage?: unknown;
    };
    return `${String(errorType)}: ${String(errorMessage).slice(0, 400)}`;
  } catch {
    return `${code}: ${details.slice(0, 400)}`;
  }
}
