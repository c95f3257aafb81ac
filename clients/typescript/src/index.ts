/** Client of photocheck: is a profile photo made by AI, or stolen from somebody else? */

export { Client, type ClientOptions } from "./client.js";
export {
  NotFinished,
  NotReached,
  NotUnderstood,
  NotVerified,
  PhotocheckError,
  ProblemError,
} from "./errors.js";
export type { Photo, PhotoUrl, Upload } from "./photos.js";
export type * from "./reports.js";
export type * from "./resources.js";
export type { Retries } from "./retries.js";
export { verifyWebhook, type Event, type Message } from "./webhooks.js";
