/** Uploaded code: the members that carry it in, the stored code's hash and size out. */
import { AwsError } from "../aws-error.ts";
import type { Members } from "../members.ts";
import type { Region } from "../region.ts";
import { invalid, violation } from "./refusals.ts";

/** Bytes of a zip that is uploaded directly (quotas page: 50 MB). */
const maxZip = 52_428_800;

/** Code as the store knows it. */
export interface StoredCode {
  readonly codeSha256: string;
  readonly codeSize: number;
}

/** Reads ZipFile, checks that it unzips, and keeps it. */
export function readCode(members: Members, region: Region): StoredCode {
  const text = members.text("ZipFile");
  if (text === undefined) {
    if (members.has("S3Bucket")) throw invalid("Portico's local cloud takes code as ZipFile only, not from S3");
    throw invalid("Please provide a source for function code.");
  }
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    throw violation("ZipFile", "…", "Member must be base64");
  const zip = Buffer.from(text, "base64");
  if (zip.length > maxZip) throw new AwsError("RequestTooLargeException", 413, `Zip file must be smaller than ${maxZip} bytes`);
  return region.code.keep(zip);
}

export function readArchitecture(members: Members): string | undefined {
  const given = members.texts("Architectures");
  if (given === undefined) return undefined;
  const [architecture = ""] = given;
  if (given.length !== 1 || !/^(x86_64|arm64)$/.test(architecture)) {
    throw violation(
      "Architectures",
      given,
      "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]], one of them",
    );
  }
  return architecture;
}
