//! Why a photo is refused: the photo's fault, final, and shown to whoever sent it, with a stable
//! code, the value and the limit.

use thiserror::Error;

/// What to do with a photo that is over a limit.
const SMALLER: &str = "send a smaller copy";

/// Why a photo is refused. Sending the same bytes again gives the same refusal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PhotoError {
    /// No bytes at all.
    #[error("the file is empty: 0 bytes")]
    Empty,
    /// More bytes than [`crate::limits::PHOTO_BYTES_MAX`]. Reading stops one byte over the
    /// limit, so that many bytes mean that many or more.
    #[error("the file has {}; {}", over(*bytes, *bytes_max), SMALLER)]
    TooManyBytes { bytes: u64, bytes_max: u64 },
    /// A format that is known and not read; `advice` says what to do.
    #[error("{format} is not read here: {advice}")]
    UnsupportedFormat { format: &'static str, advice: &'static str },
    /// Bytes of no image format that is known here.
    #[error("the file is no image of a known kind: it begins with {first_bytes}")]
    NotAnImage { first_bytes: String },
    /// Longer side over the limit.
    #[error("the photo is {width}x{height} pixels, the limit is {side_max} a side; {}", SMALLER)]
    TooLarge { width: u32, height: u32, side_max: u32 },
    /// Shorter side under the limit.
    #[error("the photo is {width}x{height} pixels, at least {side_min} a side are needed")]
    TooSmall { width: u32, height: u32, side_min: u32 },
    /// Width times height over the limit.
    #[error("the photo has {pixels} pixels, the limit is {pixels_max}; {}", SMALLER)]
    TooManyPixels { pixels: u64, pixels_max: u64 },
    /// Decoded pixels would take more memory than the limit.
    #[error("the photo would take {bytes} bytes decoded, the limit is {bytes_max}; {}", SMALLER)]
    TooManyDecodedBytes { bytes: u64, bytes_max: u64 },
    /// The header or the pixels cannot be read.
    #[error("the {format} is damaged: {detail}")]
    Damaged { format: &'static str, detail: String },
}

impl PhotoError {
    /// The stable code of this refusal, for programs to branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "PHOTO_EMPTY",
            Self::TooManyBytes { .. } => "PHOTO_TOO_MANY_BYTES",
            Self::UnsupportedFormat { .. } => "PHOTO_UNSUPPORTED_FORMAT",
            Self::NotAnImage { .. } => "PHOTO_NOT_AN_IMAGE",
            Self::TooLarge { .. } => "PHOTO_TOO_LARGE",
            Self::TooSmall { .. } => "PHOTO_TOO_SMALL",
            Self::TooManyPixels { .. } => "PHOTO_TOO_MANY_PIXELS",
            Self::TooManyDecodedBytes { .. } => "PHOTO_TOO_MANY_DECODED_BYTES",
            Self::Damaged { .. } => "PHOTO_DAMAGED",
        }
    }
}

fn over(bytes: u64, bytes_max: u64) -> String {
    if bytes <= bytes_max + 1 {
        return format!("more than {bytes_max} bytes, which is the limit");
    }
    format!("{bytes} bytes, the limit is {bytes_max}")
}
