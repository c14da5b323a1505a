/** Encodes a form as multipart/form-data. */

const lines = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n");
// HTML, "multipart/form-data encoding algorithm", step 3: percent-encodes three characters.
const escape = (text: string): string => text.replace(/[\n\r"]/g, encodeURIComponent);

/** Encodes without reading the files, which are read with the Blob. */
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
