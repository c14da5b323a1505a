/** A migration without its SQL: what the ledger and the readers of a database compare. */

/** `expand`: the live release goes on working when it ran. `contract`: it may not. */
export type MigrationKind = "expand" | "contract";

/** A file of the folder `migrations`. */
export interface BuiltMigration {
  /**
   * `0002_add_name`: its number and slug; `portico-stripe/0002_add_name` for an extension's. Files of an owner run in
   * the order of their names.
   */
  readonly name: string;
  readonly kind: MigrationKind;
  /** Hex SHA-256 of its text, line ends normalised. */
  readonly sha256: string;
}
