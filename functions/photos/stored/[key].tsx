/** `/photos/stored/KEY`: where a browser goes after its upload. Nobody has looked into the file so far: this does. */
import { type Handler, HttpError, redirect } from "portico";
import { isKey } from "../../_lib/key.ts";
import { page } from "../../_lib/page.ts";
import { isJpeg, photos } from "../../_lib/photos.ts";

export const GET: Handler<"/photos/stored/[key]"> = async (_request, context) => {
  const { key } = context.params;
  const start = isKey(key) ? await photos(context).get(key, { range: "bytes=0-2" }) : undefined;
  if (!start) throw new HttpError(404, "There is no such photo");
  if (isJpeg(await new Response(start.body).bytes())) return redirect("/photos");
  await photos(context).delete(key);
  const body = (
    <p class="lead">
      The file is not a JPEG, so it was not kept. <a href="/photos">Choose another one</a>
    </p>
  );
  return page("Not a photo", body, { status: 415 });
};
