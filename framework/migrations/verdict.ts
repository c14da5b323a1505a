/** What the classifier says of a statement, and how to do in two steps what cannot be done in one. */
import type { MigrationKind } from "../model/migration.ts";

/**
 * `warned` is expand, and something to know. `refused` belongs into no file. Sentences begin with "it", which is the
 * statement.
 */
export interface Verdict {
  readonly kind: MigrationKind | "warned" | "refused";
  /** What it does: "drops a column". */
  readonly what?: string;
  /** What to do instead. */
  readonly fix?: string;
}

export const expand: Verdict = { kind: "expand" };

export const contract = (what: string, fix: string = twoSteps): Verdict => ({ kind: "contract", what, fix });

export const warned = (what: string, fix: string): Verdict => ({ kind: "warned", what, fix });

export const refused = (what: string, fix: string): Verdict => ({ kind: "refused", what, fix });

/** The gravest first. */
const order = ["refused", "contract", "warned", "expand"] as const;

/** The gravest of some verdicts. */
export const gravest = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))[0] ?? expand;

const last = "in a file NNNN_slug.contract.sql, which waits until every live release lists it for 20 minutes";

const twoSteps = `First deploy code that works before and after it; put it ${last}.`;

/** The two steps, by what is changed. */
export const steps = {
  dropColumn:
    "1. If it is NOT NULL: a file with ALTER TABLE … ALTER COLUMN … DROP NOT NULL. 2. Deploy code that neither reads " +
    `nor writes the column. 3. The DROP ${last}.`,
  drop: `1. Deploy code that does not use it. 2. The DROP ${last}.`,
  rename:
    "1. A file that adds the new name (ADD COLUMN, or a view), and code that writes both. 2. Copy the old rows by " +
    `UPDATE, deploy code that uses the new one alone. 3. DROP the old one ${last}.`,
  type:
    "1. ADD COLUMN of the new type, and code that writes both. 2. Copy the old rows by UPDATE, deploy code that uses " +
    `the new one alone. 3. DROP the old one ${last}.`,
  setNotNull:
    `1. Deploy code that always writes it. 2. ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID ${last}. 3. The next ` +
    "file: VALIDATE CONSTRAINT, then SET NOT NULL in a .contract.sql.",
  notNull:
    "1. ADD COLUMN without NOT NULL, or with a constant DEFAULT. 2. Deploy code that always writes it. 3. SET NOT " +
    `NULL ${last}.`,
  volatile:
    "1. ADD COLUMN without DEFAULT, and code that writes it. 2. UPDATE the old rows, some at a time. 3. SET DEFAULT " +
    `${last}.`,
  constraint:
    `1. Deploy code that keeps to it. 2. ADD CONSTRAINT … NOT VALID ${last}. 3. The next file: VALIDATE CONSTRAINT, ` +
    "which blocks nobody.",
  unique:
    "1. Deploy code that keeps it unique. 2. CREATE UNIQUE INDEX CONCURRENTLY, alone and under the line " +
    `-- portico: no-transaction, ${last}.`,
  check: `1. ADD COLUMN without the CHECK. 2. Deploy code that keeps to it. 3. ADD CONSTRAINT … NOT VALID ${last}.`,
  concurrently:
    "Write CREATE INDEX CONCURRENTLY in a file of its own that begins with the line -- portico: no-transaction",
} as const;
