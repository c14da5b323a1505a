/** `portico logs`: prints the log lines of a stage's functions, of a route, level or request, and follows with -f. */
import { setTimeout as sleep } from "node:timers/promises";
import { readLogs, type StoredLine } from "../../../deploy/lambda/logs.ts";
import { readSourceMaps, type SourceMaps } from "../../../deploy/lambda/source-maps.ts";
import { functionName } from "../../../deploy/lambda/names.ts";
import type { Deployed } from "../../../deploy/platform.ts";
import { openTail, type TailLine } from "../../../deploy/workers/logs.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import { formatLine, isWanted, type LogFilter, logFilter } from "../log-line.ts";
import type { Reporter } from "../reporter.ts";
import { codeFolder, withSourcePlaces } from "../stack-places.ts";
import {
  explainErrors,
  type LambdaCloud,
  openStageCloud,
  type StageCloud,
  type TargetCloud,
  prefixedWarning,
  type WorkersCloud,
} from "../stage-cloud.ts";

/** Milliseconds between two queries of stored lines. */
const pause = 1_000;

/** Milliseconds that a query goes back behind the last line, since lines may be stored late. */
const overlap = 15_000;

/** With -f ends at Ctrl-C, else after the stored lines. */
export async function logs(input: CommandInput): Promise<number> {
  // Before a cloud is opened, which takes a while.
  filterOf(input);
  const stage = await openStageCloud(input);
  try {
    if (stage.clouds.length === 1) checkTail(stage.clouds[0]!, stage, input);
    await Promise.all(stage.clouds.map((cloud) => explainErrors(cloud, () => show(cloud, stage, input))));
    return 0;
  } finally {
    await stage.close();
  }
}

type Input = Pick<CommandInput, "args" | "flags" | "reporter" | "untilStopped">;

/** Where only one of two clouds can show lines, prints a warning about the other. */
async function show(cloud: TargetCloud, stage: Pick<StageCloud, "owner" | "isLocal">, input: Input): Promise<void> {
  if (cloud.target === "lambda") return showStored(cloud, stage, input);
  const refusal = tailRefusal(stage, input);
  if (refusal) prefixedWarning(cloud, input.reporter)(`${refusal.message}. ${refusal.fix}`);
  else await tail(cloud, stage, input);
}

function checkTail(
  { target }: TargetCloud,
  stage: Pick<StageCloud, "isLocal">,
  input: Pick<CommandInput, "flags">,
): void {
  const refusal = target === "workers" ? tailRefusal(stage, input) : undefined;
  if (refusal) throw refusal;
}

/** Cloudflare's tail has only new lines. UserError LOGS_LIVE_ONLY. */
function tailRefusal(
  { isLocal }: Pick<StageCloud, "isLocal">,
  { flags }: Pick<CommandInput, "flags">,
): UserError | undefined {
  if (flags["follow"] === true) return undefined;
  return new UserError(
    "LOGS_LIVE_ONLY",
    "a Worker's log lines can only be followed here, not read afterwards",
    `Add -f and send a request${isLocal ? "." : "; Cloudflare's dashboard has earlier lines under Observability."}`,
  );
}

/** The filter, with the argument as its route. Throws UserError ROUTE_TWICE. */
function filterOf(input: Pick<CommandInput, "args" | "flags">): LogFilter {
  const [route] = input.args;
  const filter = logFilter(input);
  if (typeof route !== "string") return filter;
  if (filter.route !== undefined)
    throw new UserError(
      "ROUTE_TWICE",
      `${route} and --route ${filter.route} are two routes, and logs shows the lines of one`,
      `Run portico logs ${route}`,
    );
  return { route, ...filter };
}

/** The functions of a stage on AWS whose stored lines are printed. */
interface StoredLogs {
  readonly cloud: LambdaCloud;
  readonly owner: StageCloud["owner"];
  /** Function ids of the app by function names on AWS. */
  readonly names: ReadonlyMap<string, string>;
}

async function showStored(cloud: LambdaCloud, { owner }: Pick<StageCloud, "owner">, input: Input): Promise<void> {
  const { route } = filterOf(input);
  const { live } = await cloud.platform().observe();
  if (!live && route !== undefined)
    throw new UserError(
      "NOTHING_LIVE",
      "the stage has no release yet, and no route has lines",
      `Run portico deploy --stage ${owner.stage}`,
    );
  const ids = live?.record?.functions.map((fn) => fn.function) ?? [];
  const selected = route === undefined ? ids : findFunctions(route, ids, live?.record);
  const names = new Map(selected.map((id) => [functionName(owner, id), id]));
  await (input.flags["follow"] === true ? follow : once)({ cloud, owner, names }, input);
}

async function tail(cloud: WorkersCloud, { owner }: Pick<StageCloud, "owner">, input: Input): Promise<void> {
  const { reporter } = input;
  const filter = filterOf(input);
  const open = await openTail(cloud.cloudflare.client, owner, (line) => {
    if (isWanted(line, filter)) printTail(line, cloud, reporter);
  });
  reporter.line(cloud.prefix + reporter.paint("dim", "listening; Ctrl-C ends it"));
  await Promise.race([input.untilStopped(), open.ended]);
  await open.close();
}

function printTail(line: TailLine, { target, prefix }: TargetCloud, reporter: Reporter): void {
  const { time, level, text, request = "" } = line;
  const isoTime = new Date(time).toISOString();
  const entry = formatLine(line, reporter);
  reporter.result(`${prefix}${reporter.paint("dim", isoTime)}  ${reporter.paint("cyan", request)}  ${entry}`, {
    type: "log",
    target,
    time: isoTime,
    level,
    request,
    text,
  });
}

/** Throws UserError ROUTE_UNKNOWN. @param route a function's id, or a path pattern (`/users/:id`, `/users/{id}`) */
function findFunctions(
  route: string,
  ids: readonly string[],
  record: NonNullable<Deployed["live"]>["record"],
): readonly string[] {
  const key = `ANY ${route.replace(/:([^/]+)/g, "{$1}")}`;
  const found = [
    ...ids.filter((id) => id === route),
    ...(record?.routes.filter((one) => one.key === key).map((one) => one.function) ?? []),
  ];
  if (found.length) return found;
  throw new UserError("ROUTE_UNKNOWN", `the live release has no route ${route}`, `Use one of ${ids.join(", ")}.`);
}

/** `15m`, `2h`, `1d`. Throws UserError BAD_SINCE. */
function sinceFlag(input: Pick<Input, "flags">): number {
  const text = textFlag(input, "since") ?? "10m";
  const [, count, unit] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? [];
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit ?? ""];
  if (seconds !== undefined) return Date.now() - Number(count) * seconds * 1000;
  throw new UserError("BAD_SINCE", `"${text}" is no time span`, "Use --since 30s, 15m, 2h or 1d.");
}

async function once({ cloud, owner, names }: StoredLogs, input: Omit<Input, "untilStopped">): Promise<void> {
  const filter = lineFilter(input);
  const query = { since: sinceFlag(input), functions: [...names.keys()] };
  const lines = (await readLogs(cloud.aws.clients, owner, query)).filter((line) => isWanted(line, filter));
  const withPlaces = openPlaces(cloud, input.reporter);
  for (const line of lines) print(await withPlaces(line), names, cloud, input.reporter);
  if (!lines.length)
    input.reporter.line(`${cloud.prefix}no lines; --since 1d looks further back, -f waits for new ones`);
}

/** A function's id selects functions alone. A line without a route is of the function that was selected. */
function lineFilter(input: Pick<Input, "args" | "flags">): LogFilter {
  const { route, ...filter } = filterOf(input);
  return { ...filter, ...(route?.startsWith("/") && { route }) };
}

/** Queries the stored lines again and again until stopped, and prints each line once. */
async function follow({ cloud, owner, names }: StoredLogs, input: Input): Promise<void> {
  const filter = lineFilter(input);
  const stopping = new AbortController();
  void input.untilStopped().then(() => stopping.abort());
  const withPlaces = openPlaces(cloud, input.reporter);
  let shown = new Map<string, number>();
  let since = sinceFlag(input);
  while (!stopping.signal.aborted) {
    const lines = await readLogs(cloud.aws.clients, owner, { since, functions: [...names.keys()] });
    for (const line of lines)
      if (!shown.has(line.id) && isWanted(line, filter)) print(await withPlaces(line), names, cloud, input.reporter);
    since = Math.max(since, (lines.at(-1)?.time ?? 0) - overlap);
    shown = new Map(lines.filter(({ time }) => time >= since).map(({ id, time }) => [id, time]));
    await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
  }
}

/**
 * Names the places of stacks by the source maps in the zip of the version that wrote the line, which is read once.
 * Where it cannot be read a warning says so, and the lines stay as they were written.
 */
function openPlaces({ aws, prefix }: LambdaCloud, reporter: Reporter): (line: StoredLine) => Promise<StoredLine> {
  const known = new Map<string, SourceMaps>();
  const read = async (FunctionName: string, Qualifier: string): Promise<SourceMaps> => {
    const key = `${FunctionName}:${Qualifier}`;
    const maps =
      known.get(key) ??
      (await readSourceMaps(aws.clients, { FunctionName, Qualifier }).catch((error: unknown) => {
        reporter.warn(`${prefix}the code of ${key} cannot be read, so that stacks name places in it: ${String(error)}`);
        return new Map();
      }));
    known.set(key, maps);
    return maps;
  };
  return async (line) => {
    if (line.version === undefined || codeFolder(line.text) === undefined) return line;
    return { ...line, text: withSourcePlaces(line.text, await read(line.function, line.version)) };
  };
}

function print(
  { time, function: name, text }: StoredLine,
  names: ReadonlyMap<string, string>,
  { target, prefix }: TargetCloud,
  reporter: Reporter,
): void {
  const id = names.get(name) ?? name;
  const isoTime = new Date(time).toISOString();
  // Lambda's text format writes a line break inside an entry as "\r", which moves a terminal's cursor.
  const entry = formatLine({ text: text.replaceAll("\r", "\n") }, reporter);
  reporter.result(`${prefix}${reporter.paint("dim", isoTime)}  ${reporter.paint("cyan", id)}  ${entry}`, {
    type: "log",
    target,
    time: isoTime,
    function: id,
    text,
  });
}
