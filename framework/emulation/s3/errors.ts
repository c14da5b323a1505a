/** The errors of S3, with its own codes and messages (API reference, "Error responses"). */
import { AwsError } from "../aws/aws-error.ts";

export function s3Error(
  code: string,
  status: number,
  message: string,
  details: Readonly<Record<string, string>> = {},
): AwsError {
  return new AwsError(code, status, message, details);
}

export const noSuchBucket = (bucket: string): AwsError =>
  s3Error("NoSuchBucket", 404, "The specified bucket does not exist", { BucketName: bucket });

export const noSuchKey = (key: string): AwsError =>
  s3Error("NoSuchKey", 404, "The specified key does not exist.", { Key: key });

export const preconditionFailed = (condition: "If-Match" | "If-None-Match"): AwsError =>
  s3Error("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold", {
    Condition: condition,
  });

export const invalidRequest = (message: string): AwsError => s3Error("InvalidRequest", 400, message);

export const invalidArgument = (message: string, name: string): AwsError =>
  s3Error("InvalidArgument", 400, message, { ArgumentName: name });

export const malformedXml = (): AwsError =>
  s3Error(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  );

/** For a header, parameter or value that the local cloud would not honour. */
export const notSupported = (feature: string): AwsError =>
  s3Error(
    "NotImplemented",
    501,
    "A header or query you provided implies functionality that " + `Portico's local cloud does not support: ${feature}`,
  );
