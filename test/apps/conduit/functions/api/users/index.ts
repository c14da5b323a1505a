/** `POST /api/users`: a new user. */
import { created, resource } from "portico/resource";
import { hashPassword } from "portico/password";
import { about } from "../../_lib/about.ts";
import { db } from "../../_lib/database.ts";
import { all } from "../../_lib/input.ts";
import { User } from "../../_lib/output.ts";
import { users } from "../../_lib/schema.ts";
import { email, password, toUser, username, writeUser } from "../../_lib/users.ts";

const NewUser = all({ user: all({ username, email, password }) });

export const POST = resource({ body: NewUser, response: User }, async ({ body, context }) => {
  const values = { ...body.user, password: await hashPassword(body.user.password) };
  const user = await writeUser(db(context).insert(users).values(values).returning());
  return created(await toUser(context, user!), "/api/user");
});

export const openapi = () => ({ POST: about("Register", "users") });
