/**
 * Profiles that changed, as Jetstream tells of them, and where their avatars are. All of it was written
 * by strangers: what has another form is passed over.
 */

/** A new version of a profile. */
export interface Profile {
  did: string;
  /** The version of the record. */
  cid: string;
  /** The picture; `undefined` where there is none any more. */
  avatar: string | undefined;
}

const COLLECTION = "app.bsky.actor.profile";

const DID = /^did:plc:[a-z2-7]{24}$/;
const CID = /^b[a-z2-7]{20,120}$/;

/** Bytes of the description of an identity. */
const DOCUMENT_BYTES_MAX = 64 * 1024;
const DOCUMENT_SECONDS_MAX = 10;

/** A message of Jetstream, as far as it is read. */
export interface Message {
  did?: unknown;
  time_us?: unknown;
  kind?: unknown;
  commit?: {
    operation?: unknown;
    collection?: unknown;
    rkey?: unknown;
    cid?: unknown;
    record?: { avatar?: { ref?: { $link?: unknown } } };
  };
}

/** Where to be told of profiles from, from this time on. */
export function subscription(jetstream: string, cursor: number | undefined): string {
  const url = new URL(jetstream);
  url.searchParams.set("wantedCollections", COLLECTION);
  if (cursor !== undefined) {
    url.searchParams.set("cursor", String(cursor));
  }
  return url.toString();
}

/** The profile that a message tells of. */
export function readProfile({ did, kind, commit }: Message): Profile | undefined {
  const { operation, collection, rkey, cid, record } = commit ?? {};
  if (kind !== "commit" || collection !== COLLECTION || rkey !== "self") {
    return undefined;
  }
  // A profile that was deleted has no version, and its labels no subject.
  if (operation !== "create" && operation !== "update") {
    return undefined;
  }
  const avatar = record?.avatar?.ref?.$link;
  if (!matches(DID, did) || !matches(CID, cid) || (avatar !== undefined && !matches(CID, avatar))) {
    return undefined;
  }
  return { did, cid, avatar };
}

/** Where the picture of a profile can be fetched: from the server that its identity names. */
export async function avatarUrl(plc: string, did: string, avatar: string): Promise<string> {
  const signal = AbortSignal.timeout(DOCUMENT_SECONDS_MAX * 1000);
  const answer = await fetch(`${plc}/${did}`, { signal, redirect: "error" });
  if (!answer.ok) {
    throw new Error(`the directory answered ${answer.status} for ${did}`);
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    if (DOCUMENT_BYTES_MAX < bytes) {
      throw new Error(`the document of ${did} has more than ${DOCUMENT_BYTES_MAX} bytes`);
    }
    pieces.push(piece);
  }
  const document = JSON.parse(Buffer.concat(pieces).toString()) as {
    service?: { id?: unknown; serviceEndpoint?: unknown }[];
  };
  const server = document.service?.find(({ id }) => String(id).endsWith("#atproto_pds"));
  const endpoint = server?.serviceEndpoint;
  if (typeof endpoint !== "string" || !URL.canParse(endpoint)) {
    throw new Error(`the document of ${did} names no server`);
  }
  // Whether that may be connected to, photocheck decides: it fetches.
  const url = new URL("/xrpc/com.atproto.sync.getBlob", endpoint);
  url.searchParams.set("did", did);
  url.searchParams.set("cid", avatar);
  return url.toString();
}

function matches(pattern: RegExp, value: unknown): value is string {
  return typeof value === "string" && pattern.test(value);
}
