/** `/photos/KEY`: a photo, or the part of it that the client asks for. */
import { type Handler, HttpError } from "portico";
import { isKey } from "../_lib/key.ts";
import { photos } from "../_lib/photos.ts";

export const GET: Handler<"/photos/[key]"> = async ({ headers }, context) => {
  const { key } = context.params;
  const [range, ifRange, ifNoneMatch] = ["range", "if-range", "if-none-match"].map((name) => headers.get(name));
  const photo = isKey(key) ? await photos(context).get(key, { range, ifRange, ifNoneMatch }) : undefined;
  if (!photo) throw new HttpError(404, "There is no such photo");
  return new Response(photo.body, photo);
};
