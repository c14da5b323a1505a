/** The S3 bucket of `portico/files`: what a function's role may do with it, and what pages may. */

/** The statements of a role that uses the files of a bucket, with the calls that files make, as IAM names them. */
export const filesStatements = (bucket: string): readonly object[] => [
  {
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
    Resource: `arn:aws:s3:::${bucket}/*`,
  },
  // Without it a file that is not there would be AccessDenied (API reference, GetObject, "Permissions").
  { Effect: "Allow", Action: ["s3:ListBucket"], Resource: `arn:aws:s3:::${bucket}` },
];

/**
 * What pages of every origin may do: send forms, with headers of their own, and read the answers. The pages of the app
 * may be at a domain of the user's own that Portico does not know; what S3 takes is what the form was signed for.
 */
export const formRule = {
  origins: ["*"],
  methods: ["POST"],
  headers: ["*"],
  exposed: ["ETag"],
  /** Seconds for which a browser need not ask again. */
  maxAge: 3600,
} as const;
