//! The digest of a body as it is read, a piece at a time.
//!
//! A form that is sent again has the same fields and another boundary, which most clients make up
//! each time. So a form is digested without its boundary: what stands between two of them is
//! digested by itself, and then all of these digests.

use axum::http::{HeaderMap, header};
use memchr::memmem::Finder;
use sha2::{Digest, Sha256};

/// See the module's text.
#[derive(Debug)]
pub struct BodyDigest {
    /// `None` where the body is no form.
    boundary: Option<Finder<'static>>,
    /// The end of what came, which a boundary may begin with.
    kept: Vec<u8>,
    part: Sha256,
    parts: Sha256,
    bytes: u64,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digested {
    pub digest: [u8; 32],
    /// Without boundaries, of which each counts as one byte.
    pub bytes: u64,
}

impl BodyDigest {
    /// Of a body with these headers.
    #[must_use]
    pub fn new(headers: &HeaderMap) -> Self {
        let boundary = boundary_of(headers).map(|it| Finder::new(it.as_bytes()).into_owned());
        let (part, parts) = (Sha256::new(), Sha256::new());
        Self { boundary, kept: Vec::new(), part, parts, bytes: 0 }
    }

    /// Adds what came.
    pub fn add(&mut self, piece: &[u8]) {
        let Some(boundary) = &self.boundary else {
            self.part.update(piece);
            self.bytes += piece.len() as u64;
            return;
        };
        self.kept.extend_from_slice(piece);
        let mut rest = self.kept.as_slice();
        while let Some(at) = boundary.find(rest) {
            let (before, after) = rest.split_at(at);
            self.part.update(before);
            self.parts.update(self.part.finalize_reset());
            self.bytes += before.len() as u64 + 1;
            rest = after.get(boundary.needle().len()..).unwrap_or_default();
        }
        let whole = rest.len().saturating_sub(boundary.needle().len() - 1);
        let (done, begun) = rest.split_at(whole);
        self.part.update(done);
        self.bytes += done.len() as u64;
        self.kept = begun.to_vec();
    }

    /// How much came so far, at the least.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digest of all that came.
    #[must_use]
    pub fn finish(&self) -> Digested {
        let part = self.part.clone().chain_update(&self.kept).finalize();
        let digest = self.parts.clone().chain_update(part).finalize().into();
        Digested { digest, bytes: self.bytes + self.kept.len() as u64 }
    }
}

/// The kind of a body, without the boundary of a form.
#[must_use]
pub fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.unwrap_or_default();
    let kind = if boundary_of(headers).is_some() { kind.split(';').next() } else { Some(kind) };
    kind.unwrap_or_default().trim().to_ascii_lowercase()
}

/// The longest boundary that RFC 2046 allows.
const BOUNDARY_BYTES_MAX: usize = 70;

/// What stands before each part of a form.
fn boundary_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = value.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let mut values = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"));
    let boundary = values.next()?.1.trim().trim_matches('"');
    (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()).then(|| format!("--{boundary}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digested(kind: &str, body: &[u8], piece: usize) -> Digested {
        let headers = [(header::CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect();
        let mut digest = BodyDigest::new(&headers);
        body.chunks(piece).for_each(|piece| digest.add(piece));
        assert!(digest.bytes() <= digest.finish().bytes);
        digest.finish()
    }

    fn form(boundary: &str, photo: &str) -> (String, Vec<u8>) {
        let head = "content-disposition: form-data; name=\"photo\"";
        let body = format!("--{boundary}\r\n{head}\r\n\r\n{photo}\r\n--{boundary}--\r\n");
        (format!("multipart/form-data; boundary={boundary}"), body.into_bytes())
    }

    /// However it is cut into pieces, and whatever stands between its parts.
    #[test]
    fn a_form_has_one_digest_whatever_its_boundary() {
        let of = |boundary: &str, photo: &str, piece: usize| {
            let (kind, body) = form(boundary, photo);
            digested(&kind, &body, piece)
        };
        let whole = of("abcdef", "--- a photo ---", 1000);
        for piece in 1..40 {
            assert_eq!(of("abcdef", "--- a photo ---", piece), whole, "{piece}");
            assert_eq!(of("a-much-longer-one", "--- a photo ---", piece), whole, "{piece}");
        }
        assert_ne!(of("abcdef", "--- a photo --", 7), whole);
        // A boundary inside of the photo would be another form.
        assert_ne!(of("abcdef", "--- a --abcdef ---", 7), of("abcdef", "--- a  ---", 7));
    }

    #[test]
    fn other_bodies_are_digested_as_they_are() {
        let one = digested("application/json", b"{\"name\": 1}", 1000);
        assert_eq!(digested("application/json", b"{\"name\": 1}", 3), one);
        assert_eq!(one.bytes, 11);
        assert_ne!(digested("application/json", b"{\"name\": 2}", 3).digest, one.digest);
        assert_eq!(digested("application/json", b"", 3).bytes, 0);
    }

    #[test]
    fn the_kind_of_a_form_is_the_same_with_any_boundary() {
        let kind = |value: &str| {
            content_type(&[(header::CONTENT_TYPE, value.parse().unwrap())].into_iter().collect())
        };
        assert_eq!(kind("multipart/form-data; boundary=\"x\""), "multipart/form-data");
        assert_eq!(kind("Multipart/Form-Data;charset=utf-8;Boundary=y"), "multipart/form-data");
        let of = |length| format!("multipart/form-data; boundary={}", "x".repeat(length));
        assert_eq!(kind(&of(70)), "multipart/form-data");
        assert_eq!(kind(&of(71)), of(71), "no boundary is as long");
        assert_eq!(kind("text/plain; charset=utf-8"), "text/plain; charset=utf-8");
        assert_eq!(content_type(&HeaderMap::new()), "");
    }
}
