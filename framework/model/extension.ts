/** Extensions: packages that bring data to an app beside their code, in "portico" of their package.json. */

/** A package under "extensions" of hosting.json, with its data and the app's settings of it. */
export interface Extension {
  /** The package's name. */
  readonly name: string;
  /** Its folder, links resolved, relative to the app's real root, written with `/`: `node_modules/portico-stripe`. */
  readonly folder: string;
  /** As in hosting.json, with a stage's overrides; they are valid by the package's schema. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Names, which are among the app's `secrets` too; none when absent. */
  readonly secrets?: readonly string[];
  /** IAM statements of the functions that import it; none when absent. */
  readonly policies?: readonly Readonly<Record<string, unknown>>[];
  /** Its folder of migrations, relative as `folder`; it exists and has files. */
  readonly migrations?: string;
}

/** Whether a package manager wrote a file or folder, as its real path tells; else it may be mended where it is. */
export const isInstalled = (path: string): boolean => path.split(/[\\/]/).includes("node_modules");

/** What of an app says which it has. */
interface WithExtensions {
  readonly extensions?: readonly Extension[];
}

/** Names of the extensions that a secret is for. */
export const secretOwners = ({ extensions = [] }: WithExtensions, secret: string): readonly string[] =>
  extensions.filter(({ secrets = [] }) => secrets.includes(secret)).map(({ name }) => name);

/** A secret for people: `STRIPE_KEY of portico-stripe`, or its name where it is the app's own. */
export const secretText = (app: WithExtensions, secret: string): string =>
  [secret, secretOwners(app, secret).join(" and ")].filter(Boolean).join(" of ");

/** The extensions of a function that bring statements. */
export const permittedExtensions = (
  { extensions = [] }: WithExtensions,
  { extensions: imported = [] }: { readonly extensions?: readonly string[] },
): readonly Extension[] => extensions.filter(({ name, policies }) => policies && imported.includes(name));
