/** What an examination found: one thing, well or not, with what to do about it. */

/** One line of `portico doctor`. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly text: string;
  /** Present where it is not well. */
  readonly fix?: string;
}
