/**
 * A Worker version's bindings: those of the app (env, secrets, hosting.json) and those that Portico adds. Refuses too
 * many, too large ones, and kinds that a version cannot have or that another setting makes.
 */
import type { App } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { bindingNames } from "./names.ts";

/** A binding as it is sent. */
export type Binding = Readonly<Record<string, unknown>> & { readonly type: string; readonly name: string };

/** Where a version's secrets come from. */
export interface SecretSource {
  /** Values; or nothing, and then they are inherited from the newest version, which nobody but Cloudflare can read. */
  readonly values?: Readonly<Record<string, string>>;
  /** Names of the secrets that the newest version has. */
  readonly stored: readonly string[];
}

/** Bytes of a variable or secret, and how many of them (docs: Workers limits; 64 on the Free plan). */
const largest = 5 * 1024;
const most = 128;

/** The app's own bindings. Throws UserError ENV_SIZE, ENV_COUNT, BINDING_KIND, with names but never values. */
export function appBindings(
  app: Omit<App, "root">,
  env: Readonly<Record<string, string>>,
  secrets: SecretSource,
): readonly Binding[] {
  const texts = Object.entries(env).map(([name, text]) => ({ type: "plain_text", name, text }));
  const values = Object.entries(secrets.values ?? {});
  for (const [name, text] of [...Object.entries(env), ...values]) checkSize(name, Buffer.byteLength(text));
  // Those that are not declared are carried on too: a later release may declare them.
  const hidden: readonly Binding[] = secrets.values
    ? values.map(([name, text]) => ({ type: "secret_text", name, text }))
    : secrets.stored.map((name) => ({ type: "inherit", name }));
  const count = texts.length + hidden.length + 2;
  if (count > most)
    throw new UserError(
      "ENV_COUNT",
      `env and secrets are ${count - 2} together, and a Worker may have ${most - 2} beside Portico's own two`,
      `Join some of them into one, or remove unused secrets, which portico secret list --stage ${app.stage} lists.`,
    );
  return [...texts, ...hidden, ...ownShapes(app)];
}

function checkSize(name: string, bytes: number): void {
  if (bytes <= largest) return;
  throw new UserError(
    "ENV_SIZE",
    `${name} has ${bytes} bytes, and Cloudflare takes ${largest} for one variable or secret`,
    "Shorten it, or put it into KV, R2 or a file of the app.",
  );
}

/**
 * Kinds that a release makes itself, by other keys of hosting.json; and those that only whole-script uploads can have.
 */
const kindFixes: Readonly<Record<string, string>> = {
  plain_text: 'Write it under "env" in hosting.json.',
  json: 'Write it under "env" in hosting.json.',
  secret_text: 'Name it under "secrets" in hosting.json, and run portico secret set NAME=VALUE --stage STAGE',
  secret_key: 'Name it under "secrets" in hosting.json, and run portico secret set NAME=VALUE --stage STAGE',
  inherit: "Write the binding itself in place of inherit.",
  assets: 'Remove it: Portico serves static files from the folder that "assets" in hosting.json names.',
  durable_object_namespace:
    "Put the Durable Object into a Worker of its own and bind that Worker as a service: a version cannot run the " +
    "migrations that a Durable Object needs.",
};

function ownShapes({ workers }: Omit<App, "root">): readonly Binding[] {
  return Object.entries(workers.bindings).map(([name, shape]) => {
    const type = String(shape["type"]);
    const fix = Object.hasOwn(kindFixes, type) ? kindFixes[type] : undefined;
    if (fix === undefined) return { ...shape, type, name };
    throw new UserError("BINDING_KIND", `the binding ${name} cannot be of type ${type}`, fix);
  });
}

/** Portico's own bindings. */
export function ownBindings(
  summary: unknown,
  assets: string | undefined,
  numbers: { readonly values?: unknown },
): readonly Binding[] {
  return [
    { type: "version_metadata", name: bindingNames.version },
    { type: "json", name: bindingNames.release, json: summary },
    numbers.values === undefined
      ? { type: "inherit", name: bindingNames.secrets }
      : { type: "json", name: bindingNames.secrets, json: numbers.values },
    ...(assets === undefined ? [] : [{ type: "assets", name: assets }]),
  ];
}
