/** Users, as they see themselves. */
import type { Context } from "portico";
import { isUnique } from "portico/postgres";
import * as v from "valibot";
import { refusal } from "./errors.ts";
import { filled } from "./input.ts";
import type { users } from "./schema.ts";
import { newToken } from "./token.ts";

/** A part of a path, so without characters that mean something there. */
export const username = v.pipe(
  filled(40),
  v.regex(/^[\p{L}\p{M}\p{N}_-]+$/u, "may have letters, digits, _ and - only"),
);

export const email = v.pipe(filled(200), v.email("is invalid"), v.toLowerCase());

export const password = v.pipe(filled(1000), v.minLength(8, "is too short (minimum is 8 characters)"));

type UserRow = typeof users.$inferSelect;

/** With a new token. */
export async function toUser(context: Context, { id, email, username, bio, image }: UserRow) {
  return { user: { email, token: await newToken(context, id), username, bio, image } };
}

/** Runs an insert or update of one user: a name or an address that another has is 409. */
export async function writeUser(write: PromiseLike<UserRow[]>): Promise<UserRow | undefined> {
  try {
    return (await write)[0];
  } catch (error) {
    for (const name of ["username", "email"])
      if (isUnique(error, `users_${name}_unique`)) throw refusal(409, { [name]: ["has already been taken"] });
    throw error;
  }
}
