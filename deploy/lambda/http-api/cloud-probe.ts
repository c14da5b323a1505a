/** Tests on a throw-away API how AWS behaves where its documentation is silent; leaves nothing behind. */
import {
  CreateApiCommand,
  CreateDeploymentCommand,
  CreateStageCommand,
  DeleteApiCommand,
  GetApiCommand,
  GetDeploymentCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import type { Owner } from "../../parts.ts";
import { poll, retry } from "../../retry.ts";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  type FunctionConfiguration,
  GetFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { randomBytes } from "node:crypto";
import { UserError } from "../../../framework/model/user-error.ts";
import { zip } from "../../../framework/zip/writer.ts";
import type { CheckResult } from "../../check-result.ts";
import { type ApiHandle, readStage, writeWorkingCopy } from "./api.ts";
import type { Clients } from "../clients.ts";
import { functionPrefix, ownerTags, stageName } from "../names.ts";
import { allowInvoke } from "./invoke-permission.ts";
import { isConflict, undefinedIfMissing } from "../aws-error.ts";
import { findRole, listRoles, type Role } from "../role.ts";

/** Answers with its version and the request as JSON; at the path /bare without a Content-Type. */
const source = `export const handler = async (event) => ({
  statusCode: 200,
  headers: event.rawPath === "/bare" ? {} : { "content-type": "application/json" },
  body: JSON.stringify({
    mark: process.env.MARK,
    method: event.requestContext.http.method,
    path: event.rawPath,
    params: event.pathParameters,
  }),
});
`;

/** Milliseconds that a switch is watched for. */
const patience = 30_000;

interface Laboratory {
  readonly clients: Clients;
  readonly owner: Owner;
  readonly api: ApiHandle;
  /** Qualified ARNs of two versions of one function. */
  readonly first: string;
  readonly second: string;
}

/** The first of the stage's roles that a function can have. */
async function findFunctionRole(clients: Clients, owner: Owner): Promise<Role | undefined> {
  const names = await listRoles(clients, owner);
  for (const name of names.length > 0 ? names : [stageName(owner)]) {
    const role = await findRole(clients, owner, name);
    if (role && role !== "taken" && role.trust.includes("lambda.amazonaws.com")) return role;
  }
  return undefined;
}

/** Throws UserError PROBE_NEEDS_ROLE for a stage that nothing was deployed to. */
export async function probeCloud(clients: Clients, owner: Owner): Promise<readonly CheckResult[]> {
  const role = await findFunctionRole(clients, owner);
  if (!role)
    throw new UserError(
      "PROBE_NEEDS_ROLE",
      "the probe's function needs a role, and this stage has none yet",
      `Run portico deploy --stage ${owner.stage}, then portico doctor --probe --stage ${owner.stage}`,
    );
  const FunctionName = `${functionPrefix(owner)}probe-${randomBytes(3).toString("hex")}`;
  let ApiId: string | undefined;
  try {
    const Tags = { "portico:probe": FunctionName };
    const made = await clients.apiOnce.send(new CreateApiCommand({ Name: FunctionName, ProtocolType: "HTTP", Tags }));
    ApiId = made.ApiId ?? "";
    const api = { id: ApiId, endpoint: (made.ApiEndpoint ?? "").replace(/\/$/, "") };
    const [first, second] = await twoVersions(clients, { FunctionName, role: role.arn });
    // Not the app's own tags: a probe that is killed must not leave a second API that looks like the app's.
    return await examineApi({ clients, owner: { ...owner, stage: `${owner.stage}-probe` }, api, first, second });
  } finally {
    if (ApiId !== undefined) await clients.api.send(new DeleteApiCommand({ ApiId })).catch(undefinedIfMissing);
    await clients.lambda.send(new DeleteFunctionCommand({ FunctionName })).catch(undefinedIfMissing);
  }
}

async function twoVersions(
  { lambda, clock }: Clients,
  { FunctionName, role }: { readonly FunctionName: string; readonly role: string },
): Promise<readonly [string, string]> {
  const ZipFile = await zip(new Map([["index.mjs", Buffer.from(source)]]));
  const settings = { FunctionName, Role: role, Runtime: "nodejs24.x", Handler: "index.handler", Timeout: 10 } as const;
  const marked = (MARK: string) => ({ Environment: { Variables: { MARK } } });
  const settled = (): Promise<unknown> =>
    poll(
      { clock },
      FunctionName,
      () => lambda.send(new GetFunctionCommand({ FunctionName })),
      ({ Configuration }) => Configuration?.State !== "Pending" && Configuration?.LastUpdateStatus !== "InProgress",
    );
  const published = ({ FunctionArn = "", Version = "" }: FunctionConfiguration): string =>
    `${FunctionArn.split(":").slice(0, 7).join(":")}:${Version}`;
  const first = await lambda.send(
    new CreateFunctionCommand({ ...settings, ...marked("first"), Code: { ZipFile }, Publish: true }),
  );
  await settled();
  await retry({ clock }, isConflict, () =>
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...marked("second") })),
  );
  await settled();
  const second = await retry({ clock }, isConflict, () => lambda.send(new PublishVersionCommand({ FunctionName })));
  return [published(first), published(second)];
}

async function examineApi(lab: Laboratory): Promise<readonly CheckResult[]> {
  const { clients, api, first, second } = lab;
  const before = await freezeRoutes(lab, first, "first");
  const tags = await checkTags(lab);
  await clients.api.send(
    new CreateStageCommand({ ApiId: api.id, StageName: "$default", DeploymentId: before, AutoDeploy: false }),
  );
  const denied = await checkDenied(lab);
  for (const ref of [first, second]) await allowInvoke(clients, toVersion(ref), api.id);
  await whenAnswered(lab, "first");
  const after = await freezeRoutes(lab, second, "second");
  return [tags, denied, await checkSnapshot(lab), ...(await checkRequests(lab)), await checkSwitch(lab, after)];
}

const toVersion = (ref: string) => ({ function: "probe", number: ref.slice(ref.lastIndexOf(":") + 1), ref, key: "" });

async function freezeRoutes({ clients, owner, api }: Laboratory, ref: string, Description: string): Promise<string> {
  const keys = ["ANY /items/{id}", "ANY /files/{path+}", "ANY /한글", "$default"];
  await writeWorkingCopy(
    clients,
    api.id,
    owner,
    keys.map((key) => ({ key, ref })),
  );
  const { DeploymentId = "" } = await clients.apiOnce.send(new CreateDeploymentCommand({ ApiId: api.id, Description }));
  await poll(
    { clock: clients.clock },
    "the probe's deployment",
    () => clients.api.send(new GetDeploymentCommand({ ApiId: api.id, DeploymentId })),
    ({ DeploymentStatus }) => DeploymentStatus === "DEPLOYED",
  );
  return DeploymentId;
}

const finding = (check: string, ok: boolean, text: string, fix: string): CheckResult => ({
  check,
  ok,
  text,
  ...(!ok && { fix }),
});

/** The deployer finds its API by these tags: an import must not lose them. */
async function checkTags({ clients, owner, api }: Laboratory): Promise<CheckResult> {
  const { Tags = {} } = await clients.api.send(new GetApiCommand({ ApiId: api.id }));
  const ok = Object.entries(ownerTags(owner)).every(([name, value]) => Tags[name] === value);
  return finding(
    "import and tags",
    ok,
    `after ReimportApi the API has the tags ${JSON.stringify(Tags)}`,
    "Report this as a bug of Portico: the deployer relies on these tags.",
  );
}

async function checkDenied(lab: Laboratory): Promise<CheckResult> {
  const { status } = await send(lab, "/items/1");
  return finding(
    "missing permission",
    status === 500,
    `an API that may not call a version answers ${status}`,
    "Report this as a bug of Portico; deploys still work.",
  );
}

/** While the working copy calls the second version, the stage's export must call the first. */
async function checkSnapshot({ clients, api, first }: Laboratory): Promise<CheckResult> {
  const routes = await readStage(clients, api.id, "$default");
  const ok = routes.length > 0 && routes.every(({ ref }) => ref === first);
  return finding(
    "export of a stage",
    ok,
    ok ? "ExportApi returns the routes that the stage serves" : "ExportApi returns the working copy",
    "Report this as a bug of Portico: a deploy reads candidates with ExportApi.",
  );
}

async function checkRequests(lab: Laboratory): Promise<readonly CheckResult[]> {
  const [head, slash, escaped, unicode, bare] = [
    await send(lab, "/items/1", "HEAD"),
    await send(lab, "/items/1/"),
    await send(lab, "/files/a%2Fb"),
    await send(lab, "/%ED%95%9C%EA%B8%80"),
    await send(lab, "/bare"),
  ];
  return [
    finding(
      "HEAD",
      head.status === 200,
      `HEAD of an ANY route answers ${head.status}`,
      "Report this as a bug of Portico.",
    ),
    finding("trailing slash", true, `/items/1/ reaches ${slash.text}`, ""),
    finding("escaped slash", true, `/files/a%2Fb reaches ${escaped.text}`, ""),
    finding(
      "unicode route key",
      unicode.text.includes("한글"),
      `the key ANY /한글 answers ${unicode.text}`,
      "Report this as a bug of Portico: such patterns become route keys unchanged.",
    ),
    finding("no Content-Type", true, `an answer without one gets ${bare.type}`, ""),
  ];
}

async function checkSwitch(lab: Laboratory, DeploymentId: string): Promise<CheckResult> {
  const { clients, api } = lab;
  const started = clients.clock.now();
  await clients.api.send(new UpdateStageCommand({ ApiId: api.id, StageName: "$default", DeploymentId }));
  let lastOld = started;
  let firstNew: number | undefined;
  // Ends when ten answers in a row are the new one's, or with patience.
  for (let run = 0; run < 10 && clients.clock.now() - started < patience;) {
    const { text } = await send(lab, "/items/1");
    run = text.includes('"second"') ? run + 1 : 0;
    if (run === 0) lastOld = clients.clock.now();
    else firstNew ??= clients.clock.now();
    await clients.clock.sleep(100);
  }
  const ok = firstNew !== undefined && lastOld - started < patience / 2;
  const first = (firstNew ?? patience) - started;
  const text = `a switch is first seen after ${first} ms and everywhere after ${lastOld - started} ms`;
  return finding("switch", ok, text, "Report this as a bug of Portico; deploys still work.");
}

/** Waits until the version answers: grants take a moment too. */
async function whenAnswered(lab: Laboratory, mark: string): Promise<void> {
  await poll(
    { clock: lab.clients.clock, limit: patience },
    `the answer of ${mark}`,
    () => send(lab, "/items/1"),
    ({ text }) => text.includes(mark),
  );
}

async function send({ api }: Laboratory, path: string, method = "GET") {
  const response = await fetch(api.endpoint + path, {
    method,
    redirect: "manual",
    signal: AbortSignal.timeout(patience),
  });
  return { status: response.status, type: response.headers.get("content-type") ?? "none", text: await response.text() };
}
