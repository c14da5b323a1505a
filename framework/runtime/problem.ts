/** Turns a status and a message into the JSON answer that every error of the framework has. */

/** `{"error": message}`, with the request's id where a log line explains more. */
export const problem = (status: number, error: string, requestId?: string): Response => Response.json({ error, requestId }, { status });
