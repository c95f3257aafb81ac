//! Why there is no result, in the words of the page, by the code of the problem.

use crate::words::page::{PageWords, Refused};

/// A refusal as its template needs it.
#[derive(Debug, PartialEq, Eq)]
pub struct RefusalView {
    pub title: &'static str,
    pub what: String,
    pub what_to_do: &'static str,
    pub code: &'static str,
}

/// The format of a file that is known and not read, beside the problem that says so.
#[derive(Debug, Clone, Copy)]
pub struct UnreadFormat(pub &'static str);

impl RefusalView {
    /// Of a problem with this code.
    #[must_use]
    pub fn new(
        code: &'static str,
        format: Option<UnreadFormat>,
        words: &'static PageWords,
    ) -> Self {
        let w = &words.refusals;
        if let Some(UnreadFormat(format)) = format {
            let what = (w.format)(format);
            return Self { title: w.title, what, what_to_do: w.format_do, code };
        }
        let (title, refused) = match code {
            "NO_PHOTO" => (w.title, w.no_photo),
            "SEVERAL_PHOTOS" => (w.title, w.several),
            "PHOTO_EMPTY" => (w.title, w.empty),
            "PHOTO_TOO_MANY_BYTES" | "BODY_TOO_LARGE" => (w.title, w.too_many_bytes),
            "PHOTO_UNSUPPORTED_FORMAT" | "PHOTO_NOT_AN_IMAGE" => (w.title, w.not_an_image),
            "PHOTO_TOO_LARGE" | "PHOTO_TOO_MANY_PIXELS" | "PHOTO_TOO_MANY_DECODED_BYTES" => {
                (w.title, w.too_many_pixels)
            }
            "PHOTO_TOO_SMALL" => (w.title, w.too_small),
            "PHOTO_DAMAGED" => (w.title, w.damaged),
            "QUEUE_FULL" | "TENANT_QUEUE_FULL" | "BUSY" | "STARTING" | "STOPPING" | "TIMEOUT"
            | "DATABASE_BUSY" => (w.title_ours, w.busy),
            "RATE_LIMITED" => (w.title_ours, w.rate_limited),
            "QUOTA_USED_UP" => (w.title_ours, w.quota),
            "TOO_SLOW" | "BODY_UNREADABLE" | "MULTIPART_NOT_VALID" => (w.title_ours, w.too_slow),
            _ if is_of_key(code) => (w.title_ours, w.key),
            _ => (w.title_ours, w.failed),
        };
        let Refused { what, what_to_do } = refused;
        Self { title, what: what.to_owned(), what_to_do, code }
    }

    /// Whether a key would help.
    #[must_use]
    pub fn asks_for_key(&self) -> bool {
        is_of_key(self.code)
    }
}

fn is_of_key(code: &str) -> bool {
    code.starts_with("KEY_") || matches!(code, "TOKEN_NEEDED" | "SCOPE_NEEDED")
}
