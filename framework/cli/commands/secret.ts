/** `portico secret`: sets, lists and removes the secrets that a stage's cloud stores, and never prints a value. */
import { configName, configuredDatabases } from "../../../deploy/workers/hyperdrive-configs.ts";
import { secretText } from "../../model/extension.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { describeEnvRow, readEnvTable } from "../env-table.ts";
import { textFlag } from "../flags.ts";
import { readSecrets } from "../secret-input.ts";
import { secretStore } from "../secret-store.ts";
import { explainErrors, withHeading, openStageCloud, type StageCloud, type TargetCloud } from "../stage-cloud.ts";

/** Runs `set`, `list` or `remove`. A release has the values of its own deploy; new values need another deploy. */
export async function secret(input: CommandInput): Promise<number> {
  const actions = { set, list, remove };
  const [name, names = []] = input.args as readonly [string, (readonly string[])?];
  const action = Object.hasOwn(actions, name) ? actions[name as keyof typeof actions] : undefined;
  if (!action)
    throw new UserError(
      "USAGE",
      `"${name}" is no action of portico secret`,
      `Run portico secret list, set or remove, as in portico secret list --stage ${textFlag(input, "stage") ?? "NAME"}`,
    );
  const stage = await openStageCloud(input);
  try {
    await action(stage, names, input);
    return 0;
  } finally {
    await stage.close();
  }
}

type Stage = Pick<StageCloud, "app" | "owner" | "isLocal" | "clouds">;
type Input = Pick<CommandInput, "flags" | "reporter">;

async function set(stage: Stage, args: readonly string[], input: Input): Promise<void> {
  if (stage.isLocal)
    throw new UserError(
      "SECRET_LOCAL",
      "the stage local takes its secrets from .env files",
      "Write the secret into .env or .env.local, or give --stage the name of another stage.",
    );
  const { app, clouds } = stage;
  const { reporter } = input;
  const secrets = await readSecrets(
    args,
    input,
    clouds.map(({ target }) => target),
  );
  for (const name of secrets.keys())
    if (!app.secrets.includes(name)) reporter.warn(`${name} is not declared: add it to "secrets" in hosting.json`);
  // Cloudflare first, which connects to databases: where it refuses one, nothing is stored.
  for (const cloud of clouds.toSorted((one, other) => (one.target < other.target ? 1 : -1))) {
    const versions = await explainErrors(cloud, () => secretStore(cloud, stage).set(secrets));
    const databases = cloud.target === "workers" ? Object.entries(configuredDatabases(app)) : [];
    for (const [name, version] of versions) {
      for (const [database, secret] of databases)
        if (secret === name)
          reporter.line(
            `${cloud.prefix}made the Hyperdrive configuration ${configName(stage.owner, database, version)}`,
          );
      reporter.result(`${cloud.prefix}set ${name} at ${app.stage}, version ${version}; the next deploy takes it`, {
        type: "secret",
        target: cloud.target,
        name,
        version,
      });
    }
  }
}

async function list(stage: Stage, _names: readonly string[], { reporter }: Input): Promise<void> {
  for (const cloud of stage.clouds) {
    const { lines, secrets, missing } = await explainErrors(cloud, () =>
      stage.isLocal ? listLocal(cloud, stage) : listStored(cloud, stage),
    );
    const text = lines.join("\n") || `the stage ${stage.app.stage} has no secrets`;
    reporter.result(withHeading(cloud, text, reporter), { type: "secrets", target: cloud.target, secrets, missing });
  }
}

/** The secrets on a cloud of the stage, for people and for machines. */
interface SecretList {
  readonly lines: readonly string[];
  readonly secrets: readonly { readonly name: string; readonly version?: number }[];
  readonly missing: readonly string[];
}

async function listStored(cloud: TargetCloud, stage: Omit<Stage, "clouds">): Promise<SecretList> {
  const secrets = await secretStore(cloud, stage).list();
  const missing = stage.app.secrets.filter((name) => !secrets.some((secret) => secret.name === name));
  const rows = secrets.map(({ name, version, changed }) => {
    const undeclared = stage.app.secrets.includes(name) ? "" : "  not declared in hosting.json";
    return `${name.padEnd(24)}  version ${version}  ${changed?.toISOString() ?? ""}${undeclared}`.trimEnd();
  });
  const absent = missing.map((name) => `${secretText(stage.app, name).padEnd(24)}  missing`);
  return { lines: [...rows, ...absent], secrets, missing };
}

/** At stage `local` no cloud stores secrets: they are on this machine, as `portico env` says too. */
async function listLocal(cloud: TargetCloud, stage: Omit<Stage, "clouds">): Promise<SecretList> {
  const rows = (await readEnvTable(cloud, stage)).filter(({ kind }) => kind === "secret");
  return {
    lines: rows.map((row) => `${row.name.padEnd(24)}  ${describeEnvRow(row, stage)}`),
    secrets: rows.map(({ name, live }) => ({ name, ...(live !== undefined && { version: live }) })),
    missing: [],
  };
}

async function remove(stage: Stage, names: readonly string[], input: Input): Promise<void> {
  if (!names.length)
    throw new UserError("USAGE", "no secret is named", `Run portico secret remove NAME --stage ${stage.app.stage}`);
  if (!stage.isLocal) await confirm(input, `Remove ${names.join(", ")} from the stage ${stage.app.stage}?`);
  for (const cloud of stage.clouds) {
    const removed = await explainErrors(cloud, () => secretStore(cloud, stage).remove(names));
    const text = removed.length ? `removed ${removed.join(", ")}` : `the stage had none of ${names.join(", ")}`;
    input.reporter.result(cloud.prefix + text, { type: "secrets-removed", target: cloud.target, removed });
  }
}
