/** A migration as a build and a release list it: what decides whether it has run, without its SQL. */

/** `expand`: the live release goes on working when it ran. `contract`: it may not. */
export type MigrationKind = "expand" | "contract";

/** A file of the folder `migrations`. */
export interface BuiltMigration {
  /** `0002_add_name`: its number and slug. Files run in the order of their names. */
  readonly name: string;
  readonly kind: MigrationKind;
  /** Hex SHA-256 of its text, line ends normalised. */
  readonly sha256: string;
  /** Its one statement cannot run in a transaction. */
  readonly noTransaction?: true;
  /** The index that this statement makes, as SQL names it: `public."users_email"`. */
  readonly index?: string;
}

/** The file of a migration, relative to the app's root. */
export const migrationPath = ({ name, kind }: Pick<BuiltMigration, "name" | "kind">): string =>
  `migrations/${name}${kind === "contract" ? ".contract" : ""}.sql`;
