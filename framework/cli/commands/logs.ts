/** `portico logs [-f] [route]`: a stage and a route in, what its functions printed out; all routes in one stream. */
import { setTimeout as sleep } from "node:timers/promises";
import { toUserError } from "../../../deploy/lambda/clients.ts";
import { readLogs, type StoredLine } from "../../../deploy/lambda/logs.ts";
import { functionName, type Owner } from "../../../deploy/lambda/names.ts";
import type { Deployed } from "../../../deploy/platform.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import type { Reporter } from "../reporter.ts";
import { openStageCloud, type StageCloud } from "../stage-cloud.ts";

/** Milliseconds between two looks, and how far back each goes: lines may come late. */
const pause = 1_000;
const overlap = 15_000;

/** Ends with the lines that there are, or with Ctrl-C. */
export async function logs(input: CommandInput): Promise<number> {
  const cloud = await openStageCloud(input);
  try {
    const names = await functionNames(cloud, input.args[0] as string | undefined);
    await (input.flags["follow"] === true ? follow(cloud, names, input) : once(cloud, names, input));
    return 0;
  } catch (error) {
    throw toUserError(error, cloud.aws.where);
  } finally {
    await cloud.close();
  }
}

const ownerOf = ({ app }: StageCloud): Owner => ({ app: app.name, stage: app.stage });

/** By function name on AWS: the route ids that people know. */
async function functionNames(cloud: StageCloud, route: string | undefined): Promise<ReadonlyMap<string, string>> {
  const { live } = await cloud.platform().observe();
  const ids = live?.record?.functions.map((fn) => fn.function) ?? [];
  const wanted = route === undefined ? ids : matching(route, ids, live?.record);
  return new Map(wanted.map((id) => [functionName(ownerOf(cloud), id), id]));
}

/** Throws UserError ROUTE_UNKNOWN. @param route a function's id, or a path pattern (`/users/:id`, `/users/{id}`) */
function matching(route: string, ids: readonly string[], record: NonNullable<Deployed["live"]>["record"]): readonly string[] {
  const key = `ANY ${route.replace(/:([^/]+)/g, "{$1}")}`;
  const found = [
    ...ids.filter((id) => id === route),
    ...(record?.routes.filter((one) => one.key === key).map((one) => one.function) ?? []),
  ];
  if (found.length) return found;
  throw new UserError("ROUTE_UNKNOWN", `the live release has no route ${route}`, `give one of ${ids.join(", ")}`);
}

/** `15m`, `2h`, `1d`. Throws UserError BAD_SINCE. */
function sinceFlag(input: CommandInput): number {
  const text = textFlag(input, "since") ?? "10m";
  const [, count, unit] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? [];
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit ?? ""];
  if (seconds !== undefined) return Date.now() - Number(count) * seconds * 1000;
  throw new UserError("BAD_SINCE", `"${text}" is no span of time`, "give 30s, 15m, 2h or 1d");
}

async function once(cloud: StageCloud, names: ReadonlyMap<string, string>, input: CommandInput): Promise<void> {
  const lines = await readLogs(cloud.aws.clients, ownerOf(cloud), { since: sinceFlag(input), functions: [...names.keys()] });
  for (const line of lines) print(line, names, input.reporter);
  if (!lines.length) input.reporter.line("no lines; --since 1d looks further back, -f waits for new ones");
}

/** Looks again and again until it is stopped; each line is shown once. */
async function follow(cloud: StageCloud, names: ReadonlyMap<string, string>, input: CommandInput): Promise<void> {
  const stopping = new AbortController();
  void input.untilStopped().then(() => stopping.abort());
  let shown = new Map<string, number>();
  let since = sinceFlag(input);
  while (!stopping.signal.aborted) {
    const lines = await readLogs(cloud.aws.clients, ownerOf(cloud), { since, functions: [...names.keys()] });
    for (const line of lines) if (!shown.has(line.id)) print(line, names, input.reporter);
    since = Math.max(since, (lines.at(-1)?.time ?? 0) - overlap);
    shown = new Map(lines.filter(({ time }) => time >= since).map(({ id, time }) => [id, time]));
    await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
  }
}

function print({ time, function: name, text }: StoredLine, names: ReadonlyMap<string, string>, reporter: Reporter): void {
  const id = names.get(name) ?? name;
  const when = new Date(time).toISOString();
  reporter.result(`${reporter.paint("dim", when)}  ${reporter.paint("cyan", id)}  ${text}`, {
    type: "log",
    time: when,
    function: id,
    text,
  });
}
