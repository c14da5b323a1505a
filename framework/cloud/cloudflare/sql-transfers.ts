/** SQL texts of D1 exports and imports, in memory, each under the random token of its URL. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import { CloudflareError } from "./cloudflare-error.ts";

/** An export to be downloaded or an import to be uploaded. */
export interface SqlTransfer {
  /** The id of the database. */
  readonly database: string;
  /** Of an import: the MD5 that was announced. */
  readonly etag?: string;
  /** Absent until it was uploaded. */
  readonly text?: Uint8Array;
  /** Epoch ms. */
  readonly expires: number;
}

/** Milliseconds that a URL is valid (wrangler's own text: one hour). */
const lifetime = 60 * 60 * 1000;

/** A class, since it holds the texts. They end with the process, as the command of the client does. */
export class SqlTransfers {
  readonly #transfers = new Map<string, SqlTransfer>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the token. */
  add(transfer: Omit<SqlTransfer, "expires">): string {
    const now = this.#clock.now();
    for (const [token, { expires }] of this.#transfers) if (now >= expires) this.#transfers.delete(token);
    const token = randomBytes(24).toString("hex");
    this.#transfers.set(token, { ...transfer, expires: now + lifetime });
    return token;
  }

  /** Throws 7404 for a token that does not exist, has expired or belongs to another database. */
  find(token: string, database: string | undefined): SqlTransfer {
    const transfer = this.#transfers.get(token);
    if (!transfer || transfer.database !== database || this.#clock.now() >= transfer.expires)
      throw new CloudflareError(7404, 404, "The upload or download does not exist or has expired.");
    return transfer;
  }

  setText(token: string, transfer: SqlTransfer, text: Uint8Array): void {
    this.#transfers.set(token, { ...transfer, text });
  }

  /** Removes an import whose text was uploaded and returns the text. Throws 7404. */
  take(filename: string, database: string, etag: string): Uint8Array {
    const token = filename.slice(0, filename.indexOf("-"));
    const transfer = this.#transfers.get(token);
    const text = transfer?.text;
    if (!text || transfer.database !== database || transfer.etag !== etag)
      throw new CloudflareError(7404, 404, `${filename} was not uploaded.`);
    this.#transfers.delete(token);
    return text;
  }
}
