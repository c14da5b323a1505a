/** The S3 bucket of `portico/files`: what a function's role may do with it, and its address. */

/** The calls on objects that files make, as IAM names them. */
export const objectActions: readonly string[] = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];

/** The statements of a role that uses the files of a bucket. */
export const filesStatements = (bucket: string): readonly object[] => [
  { Effect: "Allow", Action: objectActions, Resource: `arn:aws:s3:::${bucket}/*` },
  // Without it a file that is not there would be AccessDenied (API reference, GetObject, "Permissions").
  { Effect: "Allow", Action: ["s3:ListBucket"], Resource: `arn:aws:s3:::${bucket}` },
];
