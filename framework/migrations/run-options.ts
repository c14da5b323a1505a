/** How migrations are run, and what a run tells. */
import type { UserError } from "../model/user-error.ts";
import type { MigrationFile } from "./migration-file.ts";

/** What a run tells while it goes on. */
export type MigrationEvent =
  | { readonly step: "run"; readonly file: MigrationFile }
  | { readonly step: "applied"; readonly file: MigrationFile; readonly milliseconds: number }
  /** A table was locked for longer than a second by somebody else; tried again after `seconds`. */
  | {
      readonly step: "retry";
      readonly file: MigrationFile;
      readonly attempt: number;
      readonly attempts: number;
      readonly seconds: number;
    }
  /** Another runner has the file in work. */
  | { readonly step: "busy"; readonly file: MigrationFile };

/** How migrations are run. */
export interface RunnerOptions {
  /** All files of the app, in their order. */
  readonly files: readonly MigrationFile[];
  /** The release that they are run for, for the ledger. */
  readonly release?: number;
  /**
   * `contract`: the contract files that come first and that no reader waits for. `all`: everything in order, until a
   * contract file that has to wait.
   */
  readonly which: "contract" | "all";
  /** Names of those that a plan told of: the run ends before any other. All when absent. */
  readonly planned?: readonly string[];
  readonly onEvent: (event: MigrationEvent) => void;
  /**
   * Gets a mistake in an owner's files (the app's, or an extension's), while those of others run; without it a mistake
   * stops all, and the run throws it.
   */
  readonly onMistake?: (error: UserError) => void;
  /** Default the machine's. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}
