/** A history of one app on two clouds and one database: what people do, and what is asked meanwhile. */
import type { Client } from "pg";
import type { Platform } from "../../../deploy/platform.ts";
import { release } from "../../../deploy/release.ts";
import type { Schema } from "../../../deploy/schema.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { createSchema } from "../../../framework/cli/release-schema.ts";
import { hasLedger, type LedgerRow, readLedger } from "../../../framework/migrations/ledger.ts";
import { overConnection } from "../../../framework/migrations/migrated-database.ts";
import { runMigrations } from "../../../framework/migrations/runner.ts";
import {
  type Change,
  changed,
  codeHash,
  firstTree,
  marker,
  mendFiles,
  reorder,
  toFiles,
  type Tree,
} from "./app-tree.ts";
import { createModelCloud, type ModelCloud, owner } from "./model-cloud.ts";
import { createProber, isServing, type Prober, type Serving } from "./prober.ts";
import { type Disturbance, steppedClient, steppedRun, type SteppedRun } from "./stepped-run.ts";

/** What a command is. */
export type Command =
  | {
      readonly does: "deploy";
      readonly to: "both" | "lambda" | "workers";
      /** Percent of the traffic, on Workers alone. */
      readonly canary?: number | undefined;
      readonly smoke: number;
      /** How many commits ago the tree was like that. */
      readonly back: number;
      /** Minutes for which the plan lies on the table. */
      readonly thinks: number;
    }
  | {
      readonly does: "rollback" | "promote";
      readonly on: "lambda" | "workers";
      readonly number?: number | undefined;
      readonly smoke: number;
    }
  | { readonly does: "up" | "finish" };

interface Commit {
  readonly change: Change;
  readonly pick: number;
}

/** What happens next. */
export type Event =
  | {
      readonly does: "ship";
      readonly commits: readonly Commit[];
      readonly command: Command;
      readonly disturbance?: Disturbance | undefined;
    }
  | { readonly does: "wait"; readonly minutes: number }
  | { readonly does: "run"; readonly command: Command; readonly disturbance?: Disturbance | undefined }
  /** The first stands still at a step until the second has ended; its lock ran out, or did not. */
  | {
      readonly does: "meet";
      readonly commits: readonly Commit[];
      readonly first: Command;
      readonly at: number;
      readonly isOverdue: boolean;
      readonly second: Command;
    };

interface Code {
  readonly hash: string;
  readonly tree: Tree;
}

/** Connections to the history's database. */
export interface Connections {
  /** A connection of its own for a run. */
  connect(): Promise<Client>;
  /** Takes one back whose run has ended. */
  keep(client: Client): Promise<void>;
  /** Ends one, and resolves when the server knows. */
  cut(client: Client): Promise<void>;
  /** For what looks on. */
  readonly watcher: Client;
  readonly prober: Client;
}

export interface History {
  readonly failures: readonly string[];
  readonly prober: Prober;
  readonly tree: () => Tree;
  readonly clouds: readonly ModelCloud<Code>[];
  /** How the commands ended, in words. */
  readonly log: readonly string[];
  perform(event: Event): Promise<void>;
  run(command: Command, disturbance?: Disturbance): Promise<string>;
}

/** Ends that a command may have: they are documented. */
const known = new Set([
  ...["done", "nothing", "died", "SMOKE_FAILED", "LOCKED", "MOVED", "LEASE_LOST", "CANARY_RUNNING", "CANARY_FIRST"],
  ...["NO_CANARY", "NO_EARLIER_RELEASE", "NOTHING_LIVE", "MIGRATION_FAILED", "MIGRATION_ORDER", "MIGRATION_WAITS"],
  ...["MIGRATION_MISSING", "SCHEMA_CONTRACTED", "RELEASE_UNKNOWN", "SCHEMA_BEHIND"],
]);

export function createHistory(connections: Connections): History {
  const failures: string[] = [];
  const log: string[] = [];
  const commits: Tree[] = [firstTree];
  let now = 0;
  let serving: readonly Serving[] = [];
  const prober = createProber(connections.prober);
  const clouds = (["lambda", "workers"] as const).map((target) => createModelCloud<Code>(target, () => noteTraffic()));
  const head = (): Tree => commits.at(-1)!;

  function noteTraffic(): void {
    const codes = new Map(clouds.flatMap((cloud) => cloud.traffic()).map((code) => [code.hash, code]));
    const gone = serving.filter(({ hash }) => !codes.has(hash)).map((one) => ({ until: now, ...one }));
    const own = [...codes.values()].map(({ hash, tree }) => ({ hash, tree }));
    serving = [...own, ...gone.filter((one) => isServing(one, now))];
  }
  const probe = (why: string): void =>
    prober.ask(
      serving.filter((one) => isServing(one, now)),
      why,
    );

  /** What of a run may have changed the schema or the traffic. */
  const afterStep = async (name: string): Promise<void> => {
    const isMoved = name === "promote" || name === "withdraw" || name.endsWith("commit") || /concurrently/.test(name);
    if (!isMoved) return;
    probe(`after ${name.slice(0, 60)}`);
    await prober.quiet();
  };
  const onSend = (text: string): void => {
    if (text.includes(marker)) probe(`beside ${text.slice(0, 80)}`);
  };

  const wait = async (minutes: number): Promise<void> => {
    await prober.quiet();
    now += minutes;
    if (!(await hasLedger(connections.watcher))) return;
    await connections.watcher.query(
      `update portico_readers set listed_since = (select coalesce(jsonb_object_agg(key,
         to_jsonb((value #>> '{}')::timestamptz - $1 * interval '1 minute')), '{}') from jsonb_each(listed_since))`,
      [minutes],
    );
  };

  const ledger = (): Promise<readonly LedgerRow[]> => readLedger(connections.watcher);
  /** Files that ran, or began to. */
  const begun = async (): Promise<ReadonlySet<string>> => new Set((await ledger()).map(({ name }) => name));

  /** An earlier tree, if the present one has the contract files of it: what was written down is not taken back. */
  const treeOf = (back: number): Tree => {
    const now_ = toFiles(head());
    const has = (tree: Tree): boolean =>
      toFiles(tree).every((file) => now_.some((one) => one.name === file.name && one.sha256 === file.sha256));
    const older = commits.at(-1 - back);
    return older && has(older) ? older : head();
  };

  const perform = async (
    command: Command,
    run: SteppedRun,
    client: Client,
    isOverdue: () => boolean,
  ): Promise<string> => {
    const stepped = steppedClient(client, run, onSend);
    const tree = command.does === "deploy" ? treeOf(command.back) : head();
    const files = toFiles(tree);
    if (!("smoke" in command)) {
      const { applied } = await runMigrations(stepped, {
        files,
        which: command.does === "up" ? "all" : "contract",
        onEvent: () => {},
      });
      return applied.length ? "done" : "nothing";
    }
    const open = (cloud: ModelCloud<Code>): Platform =>
      cloud.platform({
        run,
        isOverdue,
        ...(command.does === "deploy" && { code: { hash: codeHash(tree), tree } }),
        smoke: async () => command.smoke,
      });
    const ran: string[] = [];
    const schemaOf = (targets: ReadonlyMap<Platform, string>): Schema =>
      createSchema({
        owner,
        databases: [{ name: "DB", database: overConnection(stepped), isShared: false, files }],
        targetOf: (platform) => targets.get(platform)!,
        onEvent: ({ step, file }) => void (step === "applied" && ran.push(file.name)),
      });
    const checks = [{ path: "/", status: 200 }];
    if (command.does !== "deploy") {
      const cloud = clouds.find(({ target }) => target === command.on)!;
      const platform = open(cloud);
      const { changed: isChanged } = await switchRelease({
        platform,
        schema: schemaOf(new Map([[platform, cloud.target]])),
        command: command.does,
        ...(command.number !== undefined && { number: command.number }),
        smoke: checks,
        sleep: async () => undefined,
        onSwitch: async () => undefined,
      });
      return isChanged ? "done" : "nothing";
    }
    const { to, canary, thinks } = command;
    const chosen = clouds.filter(({ target }) =>
      canary === undefined ? to === "both" || to === target : target === "workers",
    );
    const platforms = chosen.map(open);
    const targets = new Map(platforms.map((platform, at) => [platform, chosen[at]!.target]));
    let planned: readonly string[] = [];
    const results = await release({
      clouds: platforms,
      schema: schemaOf(targets),
      smoke: checks,
      keep: 4,
      now: () => 0,
      sleep: async () => undefined,
      ...(canary !== undefined && { canary }),
      onPlans: async (plans) => {
        planned = plans
          .flatMap((plan) => plan.changes)
          .filter(({ kind, action }) => kind === "migrate" && ["create", "remove"].includes(action))
          .map(({ name }) => name);
        if (thinks > 0) await wait(thinks);
      },
      onProgress: () => undefined,
      checkpoint: () => undefined,
    });
    const unplanned = ran.filter((name) => !planned.includes(name));
    if (unplanned.length) failures.push(`the plan did not tell of ${unplanned.join()}`);
    return results.some(({ changed: isChanged }) => isChanged) ? "done" : "nothing";
  };

  const start = (command: Command, run: SteppedRun, isOverdue = () => false): Promise<string> => {
    const ended = connections.connect().then(async (client) => {
      const end = await Promise.race([
        perform(command, run, client, isOverdue).catch((error: Error & { code?: string }) => {
          if (!known.has(error.code ?? "")) failures.push(`${command.does}: ${error.stack}`);
          return error.code ?? error.name;
        }),
        run.died.then(() => "died"),
      ]);
      await (end === "died" ? connections.cut(client) : connections.keep(client));
      await prober.quiet();
      log.push(`${JSON.stringify(command)}: ${end}`);
      return end;
    });
    return ended;
  };

  const react = async (end: string): Promise<void> => {
    if (end === "MIGRATION_FAILED") commits.push(mendFiles(head()));
    if (end === "MIGRATION_ORDER") commits.push(reorder(head(), await begun()));
  };
  const run = async (command: Command, disturbance?: Disturbance): Promise<string> => {
    const end = await start(command, steppedRun(disturbance, afterStep));
    await react(end);
    return end;
  };

  const commit = async (made: readonly Commit[]): Promise<void> => {
    const applied = await begun();
    for (const { change, pick } of made) {
      const next = changed(head(), change, pick, applied);
      if (next !== head()) commits.push(next);
    }
  };

  return {
    failures,
    prober,
    clouds,
    log,
    tree: head,
    run,
    async perform(event) {
      if (event.does === "wait") return wait(event.minutes);
      if (event.does !== "run") await commit(event.commits);
      if (event.does !== "meet") return void (await run(event.command, event.disturbance));
      let isOverdue = false;
      const first = steppedRun({ at: event.at, what: "pause" }, afterStep);
      const ended = start(event.first, first, () => isOverdue);
      await Promise.race([first.paused, ended]);
      isOverdue = event.isOverdue;
      const second = await start(event.second, steppedRun(undefined, afterStep));
      first.resume();
      await react(await ended);
      await react(second);
    },
  };
}
