/** Reads and checks the settings that CreateFunction and UpdateFunctionConfiguration share. */
import type { Collection } from "../../collection.ts";
import { account } from "../arn.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import type { Uses } from "../backends.ts";
import type { StructureReader } from "../../structure-reader.ts";
import type { FunctionVersion, RoleRecord } from "../records.ts";
import { trustsService } from "../iam/trust-policy.ts";
import { readEnvironment } from "./environment-variables.ts";
import { invalid } from "./errors.ts";
import { readVpc } from "./vpc-config.ts";

/** The settings that a call contains. */
export type Settings = Partial<
  Pick<
    FunctionVersion,
    | "role"
    | "runtime"
    | "handler"
    | "description"
    | "timeout"
    | "memorySize"
    | "ephemeralStorage"
    | "environment"
    | "logging"
    | "tracing"
    | "vpc"
  >
>;

/** Node runtimes that AWS still accepts and that the local Lambda runtime can run. */
const runtimes = ["nodejs22.x", "nodejs24.x"];
const retired = /^nodejs((0\.10|4\.3|4\.3-edge|6\.10|8\.10|10\.x|12\.x|14\.x|16\.x|18\.x|20\.x))?$/;

/** Reads and checks every setting; the role must exist and trust Lambda. */
export function readSettings(
  members: StructureReader,
  functionName: string,
  { roles, clock }: Uses<"roles" | "clock">,
): Settings {
  const role = members.text("Role", { pattern: /^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/ });
  if (role !== undefined) checkRole(role, roles, clock.now());
  const runtime = members.text("Runtime");
  if (runtime !== undefined) checkRuntime(runtime);
  const settings = {
    role,
    runtime,
    handler: members.text("Handler", { max: 128, pattern: /^[^\s]+$/ }),
    description: members.text("Description", { max: 256 }),
    timeout: members.integer("Timeout", 1, 900),
    memorySize: members.integer("MemorySize", 128, 10240),
    ephemeralStorage: readStorage(members),
    environment: readEnvironment(members),
    logging: readLogging(members, functionName),
    tracing: readTracing(members),
    vpc: readVpc(members),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function checkRole(role: string, roles: Collection<RoleRecord>, now: number): void {
  if (!role.startsWith(`arn:aws:iam::${account}:`))
    throw new AwsError("AccessDeniedException", 403, "Cross-account pass role is not allowed.");
  const record = roles.all().find(({ arn }) => arn === role);
  if (!record || !trustsService(record.trust, "lambda.amazonaws.com") || now < record.readyAt)
    throw invalid("The role defined for the function cannot be assumed by Lambda.");
}

function checkRuntime(runtime: string): void {
  if (runtimes.includes(runtime)) return;
  if (retired.test(runtime)) {
    throw invalid(
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. ` +
        "We recommend you use a supported runtime while creating or updating functions.",
    );
  }
  throw invalid(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ` +
      `[${runtimes.join(", ")}] (the runtimes of Portico's local cloud)`,
  );
}

function readStorage(members: StructureReader): number | undefined {
  const storage = members.structure("EphemeralStorage");
  const size = storage?.integer("Size", 512, 10240);
  storage?.end();
  return size;
}

function readLogging(members: StructureReader, functionName: string): Readonly<Record<string, string>> | undefined {
  const logging = members.structure("LoggingConfig");
  if (!logging) return undefined;
  const LogFormat = logging.text("LogFormat", { oneOf: ["JSON", "Text"] }) ?? "Text";
  const ApplicationLogLevel = logging.text("ApplicationLogLevel", {
    oneOf: ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"],
  });
  const SystemLogLevel = logging.text("SystemLogLevel", { oneOf: ["DEBUG", "INFO", "WARN"] });
  const LogGroup =
    logging.text("LogGroup", { min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ }) ?? `/aws/lambda/${functionName}`;
  logging.end();
  if (LogFormat === "Text" && (ApplicationLogLevel ?? SystemLogLevel) !== undefined) {
    throw invalid("ApplicationLogLevel and SystemLogLevel are not supported with the Text log format.");
  }
  if (LogFormat === "Text") return { LogFormat, LogGroup };
  return {
    LogFormat,
    ApplicationLogLevel: ApplicationLogLevel ?? "INFO",
    SystemLogLevel: SystemLogLevel ?? "INFO",
    LogGroup,
  };
}

function readTracing(members: StructureReader): string | undefined {
  const tracing = members.structure("TracingConfig");
  const mode = tracing?.text("Mode", { oneOf: ["Active", "PassThrough"] });
  tracing?.end();
  return mode;
}
