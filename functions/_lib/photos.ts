/** The visitors' photos, and what may be one. */
import { files, type FilesContext, type ListedFile } from "portico/files";

/** What a form takes; `expires` is in seconds. */
export const allowed = { type: "image/jpeg", maxBytes: 4_000_000, expires: 600 } as const;

export const photos = (context: FilesContext) => files(context, "photos");

/** As many as a page shows. */
export async function newestPhotos(context: FilesContext): Promise<readonly ListedFile[]> {
  const newest: ListedFile[] = [];
  for await (const photo of photos(context).list({ limit: 24 })) newest.push(photo);
  return newest;
}

/** Every JPEG begins with these bytes (ISO/IEC 10918-1, B.2.1). */
export const isJpeg = ([first, second, third]: Uint8Array): boolean =>
  first === 0xff && second === 0xd8 && third === 0xff;
