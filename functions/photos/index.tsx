/**
 * `/photos`: a form that sends a photo straight to where the app's files are, so that no function has to take it in.
 * It works without JavaScript; `_public/photos.js` says sooner what is wrong.
 */
import type { Handler } from "portico";
import type { UploadForm } from "portico/files";
import { newKey } from "../_lib/key.ts";
import { page } from "../_lib/page.ts";
import { allowed, newestPhotos, photos } from "../_lib/photos.ts";

const Upload = ({ form, next }: { readonly form: UploadForm; readonly next: string }) => (
  <form
    class="upload"
    method="post"
    action={form.url}
    enctype="multipart/form-data"
    data-max={allowed.maxBytes}
    data-next={next}
  >
    {Object.entries(form.fields).map(([name, value]) => (
      <input type="hidden" name={name} value={value} />
    ))}
    <label>
      Photo
      <input type="file" name="file" accept={allowed.type} required />
    </label>
    <p class="hint">
      JPEG, at most {allowed.maxBytes / 1e6} MB. Send it within {allowed.expires / 60} minutes.
    </p>
    <p class="problem" role="alert"></p>
    <button>Upload</button>
  </form>
);

export const GET: Handler = async (request, context) => {
  const key = newKey(Date.now());
  const next = new URL(`/photos/stored/${key}`, request.url).href;
  const form = await photos(context).uploadForm(key, { ...allowed, redirect: next });
  const newest = await newestPhotos(context);
  const body = (
    <>
      <p class="lead">Everybody sees what is uploaded here. It is kept where the app keeps its files.</p>
      <Upload form={form} next={next} />
      <ul class="photos">
        {newest.map((photo) => (
          <li>
            <a href={`/photos/${photo.key}`}>
              <img
                src={`/photos/${photo.key}`}
                alt={`Uploaded ${photo.modified.toISOString().slice(0, 16).replace("T", " ")} UTC`}
                loading="lazy"
              />
            </a>
          </li>
        ))}
      </ul>
      {newest.length === 0 && <p class="hint">No photos yet.</p>}
      <script type="module" src="/photos.js"></script>
    </>
  );
  // The form is this visitor's own, and expires.
  return page("Photos", body, { headers: { "cache-control": "no-store" } });
};
