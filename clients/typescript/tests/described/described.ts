// Our types are those of the service's description: `api.d.ts`, which openapi-typescript makes of
// `/openapi.json`. It compiles only as long as they are. Codes are plain texts in ours.
import type { components } from "./api.js";
import type * as ours from "../../src/index.js";

type Schemas = components["schemas"];

/** Names of fields whose values may become more. */
type Open = "code" | "reasons" | "kind" | "claim" | "events";

/** A type whose open fields are texts, and whose optional fields are never null. */
type Plain<T> = T extends readonly (infer U)[]
  ? Plain<U>[]
  : T extends object
    ? { [K in keyof T]: K extends Open ? Texts<T[K]> : Plain<Field<T, K>> }
    : T;
type Field<T, K extends keyof T> = {} extends Pick<T, K> ? Exclude<T[K], null> : T[K];
type Texts<T> = NonNullable<T> extends readonly unknown[] ? string[] : string;

/** Whether each fits where the other is asked for, with the same fields. */
type Same<A, B> = [Plain<A>, Plain<B>] extends [Plain<B>, Plain<A>] ? Fields<A, B> : false;
type Fields<A, B> = [keyof A, keyof B] extends [keyof B, keyof A] ? true : false;

const same: {
  report: Same<ours.Report, Schemas["ReportJson"]>;
  photo: Same<ours.PhotoFacts, Schemas["PhotoJson"]>;
  answers: Same<ours.Answers, Schemas["AnswersJson"]>;
  madeByAi: Same<ours.MadeByAi, Schemas["MadeByAiJson"]>;
  knownPhoto: Same<ours.KnownPhoto, Schemas["KnownCopyJson"]>;
  seenElsewhere: Same<ours.SeenElsewhere, Schemas["SeenOnJson"]>;
  reason: Same<ours.Reason, Schemas["ReasonJson"]>;
  evidence: Same<ours.Evidence, Schemas["EvidenceJson"]>;
  match: Same<ours.Match, Schemas["MatchJson"]>;
  synthetic: Same<ours.Synthetic, Schemas["SyntheticJson"]>;
  face: Same<ours.Face, Schemas["FaceJson"]>;
  mark: Same<ours.Mark, Schemas["ProvenanceJson"]>;
  check: Same<ours.Check, Schemas["CheckJson"]>;
  appeal: Same<ours.Appeal, Schemas["AppealJson"]>;
  checks: Same<ours.Checks, Schemas["ChecksJson"]>;
  bank: Same<ours.Bank, Schemas["BankJson"]>;
  added: Same<ours.Added, Schemas["AddedJson"]>;
  seenBefore: Same<ours.SeenBefore, Schemas["SeenBeforeJson"]>;
  content: Same<ours.Content, Schemas["ContentJson"]>;
  contents: Same<ours.Contents, Schemas["ContentsJson"]>;
  endpoint: Same<ours.Endpoint, Schemas["EndpointJson"]>;
  registered: Same<ours.Registered, Schemas["RegisteredJson"]>;
} = {
  report: true,
  photo: true,
  answers: true,
  madeByAi: true,
  knownPhoto: true,
  seenElsewhere: true,
  reason: true,
  evidence: true,
  match: true,
  synthetic: true,
  face: true,
  mark: true,
  check: true,
  appeal: true,
  checks: true,
  bank: true,
  added: true,
  seenBefore: true,
  content: true,
  contents: true,
  endpoint: true,
  registered: true,
};

export default same;
