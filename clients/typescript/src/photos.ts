/** Photos that are sent: bytes, or a URL that the service fetches. */

/** A photo at a public address, for a service that fetches URLs. */
export interface PhotoUrl {
  url: string;
}

export type Photo = Blob | Uint8Array | ArrayBuffer | PhotoUrl;

/** A photo and what is said of it: your name for it, and the account that shows it. */
export interface Upload {
  photo: Photo;
  externalId?: string | undefined;
  accountId?: string | undefined;
}

export function isUrl(photo: Photo): photo is PhotoUrl {
  return !(photo instanceof Blob || photo instanceof Uint8Array || photo instanceof ArrayBuffer);
}

/** A part of a form. */
export function toBlob(photo: Exclude<Photo, PhotoUrl>): Blob {
  return photo instanceof Blob ? photo : new Blob([photo as BlobPart]);
}
