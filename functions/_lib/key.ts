/** Keys of what visitors leave, newest first. */

/** Lists are in the order of their keys, so the time counts down. @param time in milliseconds since 1970 */
export const newKey = (time: number): string => `${1e13 - time}-${crypto.randomUUID()}`;

/** The form of a key. */
export const keyForm = /^\d{13}-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Whether a text from a client has the form of a key. */
export const isKey = (text: unknown): text is string => typeof text === "string" && keyForm.test(text);
