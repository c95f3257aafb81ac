/**
 * Checks that are done later, banks and webhook endpoints, as the service writes them. Times are
 * seconds since 1970, UTC.
 */

import type { Opinion, Purpose, Report } from "./reports.js";

/** A check that was accepted: it has a report once it is done, or a problem when it failed. */
export interface Check {
  id: string;
  batch_id: string;
  external_id?: string;
  state: "waiting" | "done" | "failed";
  accepted_at: number;
  finished_at?: number;
  report?: Report;
  problem?: { code: string; detail: string };
  feedback?: { right: boolean; note?: string };
  appeal?: Appeal;
}

/** A verdict that somebody disputes. */
export interface Appeal {
  state: "open" | "upheld" | "overturned";
  reason: string;
  appealed_at: number;
  decision_reason?: string;
  decided_at?: number;
}

/** The checks of one call, in the order in which they were sent. */
export interface Checks {
  batch_id: string;
  checks: Check[];
}

/** A bank and how much it holds. */
export interface Bank {
  name: string;
  purpose: Purpose;
  imported: boolean;
  contents: number;
  quarantined: number;
  created_at: number;
  shared_by?: string;
  shared_with?: string[];
}

/** What became of a photo that was sent to a bank; not `added` when it was there already. */
export interface Added {
  content_id: number;
  added: boolean;
  pdq_quality: number;
  matchable: boolean;
  quarantined?: string;
  seen_before: SeenBefore[];
}

/** A photo that was seen on accounts before. */
export interface SeenBefore {
  bank: string;
  content_id: number;
  accounts: number;
  last_seen?: number;
}

/** A banked photo. Neither it nor its hashes are shown. */
export interface Content {
  content_id: number;
  note: string;
  external_id: string;
  opinion: Opinion;
  enabled: boolean;
  quarantined?: string;
  pdq_quality: number;
  matchable: boolean;
  added_at: number;
}

/** A page of a bank. */
export interface Contents {
  contents: Content[];
  next_after?: number;
}

/** Where a tenant's events are sent. */
export interface Endpoint {
  id: string;
  url: string;
  events: string[];
  created_at: number;
  failing_since?: number;
  switched_off_at?: number;
  old_secret_until?: number;
}

/** A new endpoint. Its secret is shown only here. */
export interface Registered {
  secret: string;
  endpoint: Endpoint;
}
