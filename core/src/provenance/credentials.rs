//! Content Credentials (C2PA): a signed record of how a picture was made, by the `c2pa` crate.
//!
//! The record is checked against the picture: `invalid` means that the one or the other was changed
//! after it was signed. Nothing is fetched, neither records nor the state of certificates.
//! Everybody can make a certificate, so an intact record proves only that the picture is the one
//! that was signed; it is `trusted` when the certificate comes from an issuer on the bundled trust
//! list (`trust/`) and a time stamp proves when it signed. Without a time stamp nobody can tell
//! whether the certificate was valid then; so the answer does not depend on today's date either,
//! and an expired certificate changes nothing else.
//!
//! The record of a picture names the pictures it was made from. An earlier version of it counts
//! like the picture itself, a part that was placed in it makes it edited.

use super::mark::{Claim, Kind, Mark};
use crate::photo::PhotoFormat;

/// Reads the credentials of a file that has some.
#[must_use]
#[cfg(not(feature = "c2pa"))]
pub fn read(_bytes: &[u8], _format: PhotoFormat) -> Mark {
    Mark::new(Kind::C2pa, Claim::Unknown).with("state", "not read by this build")
}

/// Reads the credentials of a file that has some.
#[must_use]
#[cfg(feature = "c2pa")]
pub fn read(bytes: &[u8], format: PhotoFormat) -> Mark {
    read_by(TRUST_LIST, bytes, format)
}

/// Reads the credentials of a file that has some, by a trust list: certificates as PEM.
#[must_use]
#[cfg(feature = "c2pa")]
pub fn read_by(trust_list: &str, bytes: &[u8], format: PhotoFormat) -> Mark {
    // The crate reads a stranger's bytes; should it panic, the photo is still checked.
    let read = std::panic::catch_unwind(|| reader::read(trust_list, bytes, format));
    read.unwrap_or_else(|_| reader::unreadable("the reader failed"))
}

/// Who may issue certificates for signing and for time stamps: the official lists of the C2PA, of
/// August 2026. Where they come from stands in `trust/NOTICE.md`.
#[cfg(feature = "c2pa")]
const TRUST_LIST: &str =
    concat!(include_str!("../../../trust/c2pa.pem"), include_str!("../../../trust/time.pem"));

#[cfg(feature = "c2pa")]
mod reader {
    use std::io::Cursor;

    use c2pa::validation_results::IngredientDeltaValidationResult as Delta;
    use c2pa::validation_status::ValidationStatus;
    use c2pa::{Context, Manifest, Reader, Relationship};
    use serde_json::{Value, json};

    use super::{Claim, Kind, Mark, PhotoFormat};
    use crate::limits;
    use crate::provenance::source_type;

    /// Nothing is fetched, and a packed record unfolds to little.
    fn settings(trust_list: &str) -> Value {
        json!({
            "verify": { "remote_manifest_fetch": false, "ocsp_fetch": false },
            "trust": { "trust_anchors": trust_list },
            "core": {
                "allowed_network_hosts": [],
                "decode_identity_assertions": false,
                "max_decompressed_manifest_size_in_mb": 8
            }
        })
    }

    /// What a check must have found for a record to belong to its picture.
    const SIGNED: &str = "claimSignature.validated";
    const SAME_PICTURE: [&str; 3] =
        ["assertion.dataHash.match", "assertion.boxesHash.match", "assertion.bmffHash.match"];

    /// What must have been found for its signer to be trusted, and what must not.
    const TRUSTED: [&str; 2] = ["signingCredential.trusted", "timeStamp.trusted"];
    const REFUSED: [&str; 3] =
        ["signingCredential.", "timeStamp.", "claimSignature.outsideValidity"];

    /// Failures that do not touch the record's tie to its picture: who signed it and until when,
    /// whose identity it names, and whether its actions stand in the order of the norm (those of
    /// `ChatGPT` do not).
    const HARMLESS: [&str; 5] = [
        "signingCredential.",
        "timeStamp.",
        "cawg.",
        "assertion.action.",
        "claimSignature.outsideValidity",
    ];

    /// What was done to a picture: the action and the source type it states.
    struct Action {
        name: String,
        claim: Option<Claim>,
        source_type: String,
    }

    pub(super) fn read(trust_list: &str, bytes: &[u8], format: PhotoFormat) -> Mark {
        let kind = match format {
            PhotoFormat::Jpeg => "image/jpeg",
            PhotoFormat::Png => "image/png",
            PhotoFormat::WebP => "image/webp",
            PhotoFormat::Gif => "image/gif",
            PhotoFormat::Heic => "image/heic",
        };
        let reader = Context::new().with_settings(settings(trust_list)).and_then(|context| {
            Reader::from_context(context).with_stream(kind, Cursor::new(bytes))
        });
        match reader {
            Ok(reader) => mark(&reader),
            Err(_) => unreadable("the record cannot be read"),
        }
    }

    pub(super) fn unreadable(reason: &'static str) -> Mark {
        Mark::new(Kind::C2pa, Claim::Invalid).with("state", "unreadable").with("reason", reason)
    }

    fn mark(reader: &Reader) -> Mark {
        let Some(manifest) = reader.active_manifest() else {
            return unreadable("there is no record");
        };
        let (mut actions, mut parts) = (Vec::new(), Vec::new());
        collect(reader, manifest, &mut actions, &mut parts);
        let is_intact = is_intact(reader);
        let claim = if is_intact { meaning(&actions, &parts) } else { Claim::Invalid };
        let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
        let source_type = actions.iter().chain(&parts).find(|action| action.claim.is_some());
        let signer = manifest.signature_info();
        let issuer = signer.and_then(|signer| signer.issuer.as_deref());
        let mut mark = Mark::new(Kind::C2pa, claim)
            .claimed_by(issuer.unwrap_or_default())
            .with("state", if is_intact { "intact" } else { "broken" })
            .with("generator", generator(manifest))
            .with("actions", names.join(" "))
            .with("source_type", source_type.map_or("", |action| &action.source_type))
            .with("signed", signer.and_then(|signer| signer.time.as_deref()).unwrap_or_default())
            .with("failures", failures(reader).join(" "));
        mark.trusted = is_intact && is_trusted(reader);
        mark
    }

    /// Whether the signature is right and the picture the one that was signed.
    fn is_intact(reader: &Reader) -> bool {
        succeeded(reader, &[SIGNED])
            && succeeded(reader, &SAME_PICTURE)
            && failures(reader).is_empty()
    }

    /// Whether somebody on the trust list signed it at a time that is stated by such a one too.
    fn is_trusted(reader: &Reader) -> bool {
        let is_refused = |status: &ValidationStatus| {
            REFUSED.iter().any(|start| status.code().starts_with(start))
        };
        let results = reader.validation_results().and_then(|results| results.active_manifest());
        TRUSTED.iter().all(|code| succeeded(reader, &[code]))
            && results.is_some_and(|results| !results.failure().iter().any(is_refused))
    }

    /// Whether one of these checks succeeded.
    fn succeeded(reader: &Reader, codes: &[&str]) -> bool {
        let results = reader.validation_results().and_then(|results| results.active_manifest());
        results.is_some_and(|it| it.success().iter().any(|it| codes.contains(&it.code())))
    }

    /// The actions of a picture and of its earlier versions, and those of its parts.
    fn collect(reader: &Reader, first: &Manifest, own: &mut Vec<Action>, parts: &mut Vec<Action>) {
        let mut waiting = vec![(first, true)];
        // A record may name itself as its ingredient.
        for _ in 0..limits::INGREDIENTS_MAX {
            let Some((manifest, is_own)) = waiting.pop() else { return };
            if is_own { &mut *own } else { &mut *parts }.extend(actions(manifest));
            // ChatGPT's records have no action of their own, and name what they record as a part.
            let is_wrapper = actions(manifest).is_empty() && manifest.ingredients().len() == 1;
            for ingredient in manifest.ingredients() {
                let is_version = *ingredient.relationship() == Relationship::ParentOf || is_wrapper;
                let earlier =
                    ingredient.active_manifest().and_then(|name| reader.get_manifest(name));
                waiting.extend(earlier.map(|manifest| (manifest, is_own && is_version)));
            }
        }
    }

    fn actions(manifest: &Manifest) -> Vec<Action> {
        let assertions = manifest.assertions().iter();
        let lists = assertions
            .filter(|assertion| assertion.label().starts_with("c2pa.actions"))
            .filter_map(|assertion| assertion.value().ok()?.get("actions")?.as_array());
        lists.flatten().take(limits::INGREDIENTS_MAX).map(read_action).collect()
    }

    fn read_action(action: &Value) -> Action {
        let text = |name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default();
        let stated = text("digitalSourceType");
        let meaning = source_type::meaning(stated);
        Action {
            name: text("action").to_owned(),
            claim: meaning.map(|(_, claim)| claim),
            source_type: meaning.map_or(stated, |(word, _)| word).to_owned(),
        }
    }

    /// A picture that began as AI's is AI's; one to which AI did something is edited by it.
    fn meaning(actions: &[Action], parts: &[Action]) -> Claim {
        let begins = |action: &Action| matches!(&*action.name, "c2pa.created" | "c2pa.opened");
        let is_ai = |claim| matches!(claim, Some(Claim::AiGenerated | Claim::AiEdited));
        let own_claim = |wanted: Claim| actions.iter().any(|action| action.claim == Some(wanted));
        if actions.iter().any(|action| action.claim == Some(Claim::AiGenerated) && begins(action)) {
            return Claim::AiGenerated;
        }
        if actions.iter().chain(parts).any(|action| is_ai(action.claim)) {
            return Claim::AiEdited;
        }
        let is_edit = |action: &Action| {
            let name = action.name.strip_prefix("c2pa.").unwrap_or(&action.name);
            !matches!(name, "created" | "opened" | "published" | "converted" | "transcoded" | "")
        };
        match () {
            () if own_claim(Claim::Camera) => Claim::Camera,
            () if own_claim(Claim::Edited) || actions.iter().any(is_edit) => Claim::Edited,
            () => Claim::Unknown,
        }
    }

    fn generator(manifest: &Manifest) -> String {
        let info = manifest.claim_generator_info.as_ref().and_then(|infos| infos.first());
        let info = info.map(|it| format!("{} {}", it.name, it.version.as_deref().unwrap_or("")));
        info.or_else(|| manifest.claim_generator().map(str::to_owned)).unwrap_or_default()
    }

    /// The codes of what breaks the record's tie to its picture, or those of earlier versions and
    /// of parts to it.
    fn failures(reader: &Reader) -> Vec<&str> {
        let Some(results) = reader.validation_results() else { return Vec::new() };
        let own = results.active_manifest();
        let others = results.ingredient_deltas().into_iter().flatten();
        let all = own.into_iter().chain(others.map(Delta::validation_deltas));
        let codes = all.flat_map(|codes| codes.failure().iter().map(ValidationStatus::code));
        let is_harmless = |code: &str| HARMLESS.iter().any(|start| code.starts_with(start));
        codes.filter(|code| !is_harmless(code)).take(4).collect()
    }
}
