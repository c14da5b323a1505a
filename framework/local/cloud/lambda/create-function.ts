/** CreateFunction: code and settings in, a new function out. */
import { randomUUID } from "node:crypto";
import type { Operation } from "../operation.ts";
import type { FunctionRecord, FunctionVersion } from "../records.ts";
import { describeFunction } from "./describe-function.ts";
import { readArchitecture, readCode } from "./function-code.ts";
import { parseFunctionName } from "./function-name.ts";
import { readSettings } from "./function-settings.ts";
import { publish, timestamp } from "./publish.ts";
import { conflict, invalid, lambdaMembers } from "./refusals.ts";
import { checkTags } from "./tags.ts";
import { checkVpcRole } from "./vpc-config.ts";

export const createFunction: Operation = (call, region) => {
  const members = lambdaMembers(call.members);
  const { name, qualifier } = parseFunctionName(members.requiredText("FunctionName", { min: 1 }));
  if (qualifier !== undefined) throw invalid("Function name must not have a qualifier.");
  members.requiredText("Role");
  members.text("PackageType", { oneOf: ["Zip"] });
  const isPublished = members.flag("Publish") ?? false;
  const tags = checkTags(members.textMap("Tags") ?? {});
  const settings = readSettings(members, name, region);
  const architecture = readArchitecture(members) ?? "x86_64";
  const codeMembers = members.structure("Code");
  members.end();
  const { role, runtime, handler } = settings;
  if (role === undefined || runtime === undefined || handler === undefined) {
    throw invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.");
  }
  checkVpcRole(settings.vpc, role, region);
  if (region.state.functions.get(name)) throw conflict(`Function already exist: ${name}`);
  const code = readCode(codeMembers ?? lambdaMembers({}), region);
  codeMembers?.end();
  const latest: FunctionVersion = {
    version: "$LATEST",
    revisionId: randomUUID(),
    description: "",
    timeout: 3,
    memorySize: 128,
    ephemeralStorage: 512,
    logging: { LogFormat: "Text", LogGroup: `/aws/lambda/${name}` },
    tracing: "PassThrough",
    architecture,
    lastModified: timestamp(region),
    readyAt: region.clock.now() + region.pace.function,
    ...code,
    ...settings,
    role,
    runtime,
    handler,
  };
  const created: FunctionRecord = { name, latest, versions: [], nextVersion: 1, policies: {}, aliases: {}, urls: {}, tags };
  const { record, version } = isPublished ? publish(created, undefined, region) : { record: created, version: latest };
  region.state.functions.put(name, record);
  return { status: 201, body: describeFunction(record, version, isPublished ? version.version : undefined, region) };
};
