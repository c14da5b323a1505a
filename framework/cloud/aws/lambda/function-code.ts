/** Reads the uploaded code of a function (ZipFile) and its architecture. */
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import type { StructureReader } from "../../structure-reader.ts";
import type { CodeStore } from "./code-store.ts";
import { invalid, violation } from "./errors.ts";

/** Largest zip in bytes for a direct upload (quotas page: 50 MB). */
const maxZip = 52_428_800;

/** Hash and size of a zip in the code store. */
export interface StoredCode {
  readonly codeSha256: string;
  readonly codeSize: number;
}

/** Unpacks ZipFile into the code store. */
export function readCode(members: StructureReader, code: CodeStore): StoredCode {
  const text = members.text("ZipFile");
  if (text === undefined) {
    if (members.has("S3Bucket")) throw invalid("Portico's local cloud supports code as ZipFile only, not from S3");
    throw invalid("Please provide a source for function code.");
  }
  // Without a repeated group: each repetition takes stack, and a text of 12 MB has too many.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw violation("ZipFile", "…", "Member must be base64");
  const zip = Buffer.from(text, "base64");
  if (zip.length > maxZip)
    throw new AwsError("RequestTooLargeException", 413, `Zip file must be smaller than ${maxZip} bytes`);
  return code.keep(zip);
}

export function readArchitecture(members: StructureReader): string | undefined {
  const architectures = members.texts("Architectures");
  if (architectures === undefined) return undefined;
  const [architecture = ""] = architectures;
  if (architectures.length !== 1 || !/^(x86_64|arm64)$/.test(architecture)) {
    throw violation(
      "Architectures",
      architectures,
      "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]], one of them",
    );
  }
  return architecture;
}
