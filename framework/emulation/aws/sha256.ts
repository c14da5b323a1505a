/** SHA-256 and HMAC-SHA-256 of node:crypto behind the interface that @smithy/signature-v4 requires. */
import { createHash, createHmac } from "node:crypto";

type Source = string | ArrayBuffer | ArrayBufferView;

/** The methods that hashes and HMACs share. */
interface Digest {
  update(data: Uint8Array | string): unknown;
  digest(): Uint8Array;
}

/** A hash, or an HMAC when a secret is given. A class because the signer constructs it. */
export class Sha256 {
  readonly #secret: Uint8Array | string | undefined;
  #state: Digest;

  constructor(secret?: Source) {
    this.#secret = secret === undefined ? undefined : toBytes(secret);
    this.#state = this.#start();
  }

  #start(): Digest {
    return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", this.#secret);
  }

  update(data: Source): void {
    this.#state.update(toBytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#state.digest();
  }

  reset(): void {
    this.#state = this.#start();
  }
}

function toBytes(data: Source): Uint8Array | string {
  if (typeof data === "string") return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
