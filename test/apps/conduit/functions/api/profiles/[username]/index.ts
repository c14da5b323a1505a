/** `GET /api/profiles/:username`. */
import { resource } from "portico/resource";
import { about } from "../../../_lib/about.ts";
import { db } from "../../../_lib/database.ts";
import { Username } from "../../../_lib/input.ts";
import { Profile } from "../../../_lib/output.ts";
import { readProfile } from "../../../_lib/profiles.ts";
import { readUserId } from "../../../_lib/token.ts";

export const GET = resource({ params: Username, response: Profile }, async ({ params, ...call }) =>
  readProfile(db(call.context), params.username, await readUserId(call)),
);

export const openapi = () => ({ GET: about("A profile", "profiles") });
