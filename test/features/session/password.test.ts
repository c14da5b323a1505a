/** Hashes of passwords, and that no answer tells by its work whether an account exists. */
// @module-tag isolated
import crypto from "node:crypto";
import { expect, it, vi } from "vitest";
import { hashPassword, verifyPassword } from "portico/session";

/** A hash with other parameters, as an older release made it. */
function oldHash(password: string): string {
  const salt = crypto.randomBytes(16);
  const key = crypto.scryptSync(password, salt, 32, { N: 2 ** 12, r: 8, p: 1 });
  const text = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "");
  return `$scrypt$ln=12,r=8,p=1$${text(salt)}$${text(key)}`;
}

/** The parameters of each scrypt that some work does. */
async function scrypts(work: () => Promise<unknown>): Promise<unknown[]> {
  const spy = vi.spyOn(crypto, "scrypt");
  await work();
  const calls = spy.mock.calls.map(([, , length, options]) => {
    const { N, r, p } = options;
    return [length, N, r, p];
  });
  spy.mockRestore();
  return calls;
}

it("verifies what it hashed, and no other password", async () => {
  const hash = await hashPassword("열려라 참깨");
  expect(hash).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(await verifyPassword("열려라 참깨", hash)).toEqual({ newHash: undefined });
  expect(await verifyPassword("열려라 참깨".normalize("NFD"), hash)).toBeTruthy();
  expect(await verifyPassword("열려라 참께", hash)).toBeUndefined();
  expect(await verifyPassword("", hash)).toBeUndefined();
  expect(await hashPassword("열려라 참깨")).not.toBe(hash);
});

it("gives a new hash where the old one has other parameters", async () => {
  const hash = oldHash("secret");
  const verified = await verifyPassword("secret", hash);
  expect(await verifyPassword("secret", verified!.newHash)).toEqual({ newHash: undefined });
  expect(await verifyPassword("wrong", hash)).toBeUndefined();
});

it("does for an absent account what it does for a wrong password", async () => {
  const hash = await hashPassword("secret");
  const wrong = await scrypts(() => verifyPassword("wrong", hash));
  expect(wrong).toEqual([[32, 16_384, 8, 5]]);
  for (const absent of [undefined, null, ""]) {
    expect(await scrypts(() => verifyPassword("wrong", absent))).toEqual(wrong);
    expect(await verifyPassword("", absent)).toBeUndefined();
  }
});

it.each(["$2b$10$abc", "secret", "$scrypt$ln=14,r=8,p=5$AA$AA", "$argon2id$v=19$m=65536,t=3,p=4$a$b"])(
  "says that it did not make %s",
  async (hash) => {
    await expect(verifyPassword("a", hash)).rejects.toMatchObject({ code: "PASSWORD_HASH" });
  },
);
