/** `portico secret set|list|remove`: names and values in, a stage's secrets in its own cloud out; a value is never printed. */
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { agree } from "../consent.ts";
import { readSecrets } from "../given-secrets.ts";
import { secretStore } from "../secret-store.ts";
import { explaining, headingOf, openStageCloud, type StageCloud } from "../stage-cloud.ts";

/** The command. A running release keeps the values that it was made with: what is set here comes with the next deploy. */
export async function secret(input: CommandInput): Promise<number> {
  const actions = { set, list, remove };
  const [word, names = []] = input.args as readonly [string, (readonly string[])?];
  const action = Object.hasOwn(actions, word) ? actions[word as keyof typeof actions] : undefined;
  if (!action) throw new UserError("USAGE", `"${word}" is nothing that can be done with secrets`, "portico secret set, list or remove");
  const cloud = await openStageCloud(input);
  try {
    await explaining(cloud.clouds, () => action(cloud, names, input));
    return 0;
  } finally {
    await cloud.close();
  }
}

async function set(cloud: StageCloud, names: readonly string[], input: CommandInput): Promise<void> {
  if (cloud.isLocal)
    throw new UserError(
      "SECRET_LOCAL",
      "the stage local takes its secrets from .env files",
      "write them into .env or .env.local; or name another stage",
    );
  const { app, clouds } = cloud;
  const { reporter } = input;
  const given = await readSecrets(
    names,
    input,
    clouds.map(({ target }) => target),
  );
  for (const name of given.keys())
    if (!app.secrets.includes(name)) reporter.warn(`${name} is not declared: add it to "secrets" in hosting.json`);
  for (const one of clouds) {
    const numbers = await secretStore(one, cloud).set(given);
    const where = clouds.length > 1 ? ` on ${one.target}` : "";
    for (const [name, version] of numbers)
      reporter.result(`set ${name} at ${app.stage}${where}, version ${version}; the next deploy takes it`, {
        ...{ type: "secret", target: one.target, name, version },
      });
  }
}

async function list(cloud: StageCloud, _names: readonly string[], { reporter }: CommandInput): Promise<void> {
  for (const one of cloud.clouds) {
    const stored = await secretStore(one, cloud).list();
    const missing = cloud.isLocal ? [] : cloud.app.secrets.filter((name) => !stored.some((secret) => secret.name === name));
    const rows = stored.map(({ name, version, changed }) => {
      const undeclared = cloud.app.secrets.includes(name) ? "" : "  not declared in hosting.json";
      return `${name.padEnd(24)}  version ${version}  ${changed?.toISOString() ?? ""}${undeclared}`.trimEnd();
    });
    const lines = [...rows, ...missing.map((name) => `${name.padEnd(24)}  missing`)];
    const heading = cloud.clouds.length > 1 ? `${reporter.paint("bold", headingOf(one))}\n` : "";
    const text = lines.join("\n") || `the stage ${cloud.app.stage} has no secrets`;
    reporter.result(heading + text, { type: "secrets", target: one.target, secrets: stored, missing });
  }
}

async function remove(cloud: StageCloud, names: readonly string[], input: CommandInput): Promise<void> {
  if (!names.length) throw new UserError("USAGE", "no secret is named", "portico secret remove NAME");
  if (!cloud.isLocal) await agree(input, `Remove ${names.join(", ")} from the stage ${cloud.app.stage}?`);
  for (const one of cloud.clouds) {
    const removed = await secretStore(one, cloud).remove(names);
    const text = removed.length ? `removed ${removed.join(", ")}` : `none of ${names.join(", ")} was there`;
    input.reporter.result(text, { type: "secrets-removed", target: one.target, removed });
  }
}
