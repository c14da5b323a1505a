/**
 * `portico/password`, for apps without sessions, and a part of `portico/session`: hashes of passwords by scrypt (RFC
 * 7914), with parameters that run on every target and are kept in the hash.
 */
import { SessionError } from "./session-error.ts";

/** A password that was right. */
export interface VerifiedPassword {
  /** To be kept in place of the old hash, where that has other parameters than new ones; else undefined. */
  readonly newHash: string | undefined;
}

interface Hash {
  /** log2 of scrypt's N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
}

/**
 * 16 MB and 160 ms of a core: one of the equal choices of OWASP's Password Storage Cheat Sheet, and the one that needs
 * the least memory of a small function.
 */
const parameters = { ln: 14, r: 8, p: 5 } as const;

/** A text for a database: `$scrypt$ln=14,r=8,p=5$salt$key`, of 85 characters. */
export async function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  return toText({ ...parameters, salt, key: await scrypt(password, { ...parameters, salt }) });
}

/**
 * Undefined for a wrong password, and for no hash at all, which takes the same time: nobody learns which accounts there
 * are. Throws SessionError PASSWORD_HASH for a text that `hashPassword` did not make.
 */
export async function verifyPassword(
  password: string,
  hash: string | null | undefined,
): Promise<VerifiedPassword | undefined> {
  const expected = hash ? toHash(hash) : { ...parameters, salt: new Uint8Array(16), key: new Uint8Array(32) };
  const key = await scrypt(password, expected);
  const { timingSafeEqual } = process.getBuiltinModule("node:crypto");
  if (!timingSafeEqual(key, expected.key) || !hash) return undefined;
  const isCurrent = hash.startsWith(headOf(parameters));
  return { newHash: isCurrent ? undefined : await hashPassword(password) };
}

const headOf = ({ ln, r, p }: Pick<Hash, "ln" | "r" | "p">): string => `$scrypt$ln=${ln},r=${r},p=${p}$`;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replaceAll("=", "");

const toText = (hash: Hash): string => `${headOf(hash)}${base64(hash.salt)}$${base64(hash.key)}`;

function toHash(text: string): Hash {
  const form = /^\$scrypt\$ln=(\d\d?),r=(\d\d?),p=(\d\d?)\$([\w+/]{22})\$([\w+/]{43})$/;
  const [, ln, r, p, salt, key] = form.exec(text) ?? [];
  if (!salt || !key) throw new SessionError("PASSWORD_HASH", "the stored hash of a password is none of hashPassword's");
  const [saltBytes, keyBytes] = [Buffer.from(salt, "base64"), Buffer.from(key, "base64")];
  return { ln: Number(ln), r: Number(r), p: Number(p), salt: saltBytes, key: keyBytes };
}

/** Texts that look alike are one password, however a keyboard composed them (NIST SP 800-63B section 3.1.1.2). */
function scrypt(password: string, { ln, r, p, salt }: Omit<Hash, "key">): Promise<Uint8Array> {
  const { scrypt: derive } = process.getBuiltinModule("node:crypto");
  const N = 2 ** ln;
  return new Promise((resolve, reject) => {
    derive(password.normalize("NFKC"), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
