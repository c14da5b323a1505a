/** An extension with a policy and migrations. */
export const blobUrl = (key) => `https://blobs.s3.amazonaws.com/${encodeURIComponent(key)}`;
