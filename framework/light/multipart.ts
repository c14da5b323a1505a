/** Writes a form as multipart/form-data: a platform FormData in, its bytes as a Blob and its content type out. */

const lines = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n");
// HTML, "multipart/form-data encoding algorithm", step 3; all three are escaped as in a URL.
const escape = (text: string): string => text.replace(/[\n\r"]/g, encodeURIComponent);

/** Nothing is read: the files stay references until the Blob is. */
export function toMultipart(form: FormData): readonly [body: Blob, type: string] {
  const boundary = "----formdata-undici-0" + Math.random().toFixed(11).slice(2);
  const parts: BlobPart[] = [];
  for (const [field, value] of form) {
    let head = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(lines(field))}"`;
    if (typeof value !== "string") {
      const { name, type } = value;
      head += `${name && `; filename="${escape(name)}"`}\r\nContent-Type: ${type || "application/octet-stream"}`;
    }
    parts.push(head + "\r\n\r\n", typeof value === "string" ? lines(value) : value, "\r\n");
  }
  return [new Blob([...parts, `--${boundary}--\r\n`]), "multipart/form-data; boundary=" + boundary];
}
