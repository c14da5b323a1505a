/** Where an object is. */
export declare const blobUrl: (key: string) => string;
