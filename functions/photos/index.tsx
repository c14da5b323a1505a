/**
 * `/photos`: a form that sends a photo straight to where the app's files are, so that no function has to take it in.
 * It works without JavaScript; `_public/photos.js` says sooner what is wrong.
 */
import type { Context, Handler } from "portico";
import type { UploadForm } from "portico/files";
import { rateLimit } from "portico/store";
import { newKey } from "../_lib/key.ts";
import { page } from "../_lib/page.ts";
import { allowed, newestPhotos, photos } from "../_lib/photos.ts";

/** Forms of one client. What is uploaded goes past the app, and a form is one photo. */
const limited = rateLimit({ name: "photos", limit: 10, window: 60 });

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

/** The form as a page has it, for one photo. */
async function newForm(request: Request, context: Context) {
  const key = newKey(Date.now());
  const next = new URL(`/photos/stored/${key}`, request.url).href;
  return <Upload form={await photos(context).uploadForm(key, { ...allowed, redirect: next })} next={next} />;
}

export const GET: Handler = async (request, context) => {
  const tooMany = await limited(request, context);
  const seconds = tooMany?.headers.get("retry-after");
  const form = seconds ? (
    <p class="problem" role="alert">
      That is a lot of photos. Please wait for {seconds} seconds.
    </p>
  ) : (
    await newForm(request, context)
  );
  const newest = await newestPhotos(context);
  const body = (
    <>
      <p class="lead">Everybody sees what is uploaded here. It is kept where the app keeps its files.</p>
      {form}
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
      {!seconds && <script type="module" src="/photos.js"></script>}
    </>
  );
  // The form is this visitor's own, and expires.
  const headers = { "cache-control": "no-store", ...(seconds && { "retry-after": seconds }) };
  return page("Photos", body, { status: seconds ? 429 : 200, headers });
};
