/** Writes a form as multipart/form-data: a platform FormData in, its bytes as a Blob and its content type out. */

const lines = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n");
// HTML, "multipart/form-data encoding algorithm", step 3.
const escapes: Readonly<Record<string, string>> = { "\n": "%0A", "\r": "%0D", '"': "%22" };
const escape = (text: string): string => text.replace(/[\n\r"]/g, (found) => escapes[found]!);

/** Nothing is read: the files stay references until the Blob is. */
export function toMultipart(form: FormData): readonly [body: Blob, type: string] {
  const boundary = "----formdata-undici-0" + String(Math.floor(Math.random() * 1e11)).padStart(11, "0");
  const parts: BlobPart[] = [];
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(lines(name))}"`;
    if (typeof value === "string") parts.push(`${head}\r\n\r\n${lines(value)}\r\n`);
    else {
      const filename = value.name ? `; filename="${escape(value.name)}"` : "";
      parts.push(`${head}${filename}\r\nContent-Type: ${value.type || "application/octet-stream"}\r\n\r\n`, value, "\r\n");
    }
  }
  return [new Blob([...parts, `--${boundary}--\r\n`]), "multipart/form-data; boundary=" + boundary];
}
