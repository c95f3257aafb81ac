//! Which part of a photo a hash was taken of, and the number that banks keep for it.

use super::super::hashes::samples::Mirror;
use crate::faces::ANCHORED_MAX;

/// Which part of a photo a hash was taken of. Their order is that of their codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// All of the photo.
    Whole,
    /// Without plain borders.
    Trimmed,
    /// The square in the middle of what is left without borders.
    Square,
    /// The upper part of what is left without borders.
    Top,
    /// The picture inside the frame of an app.
    Inner,
    /// The square in the middle of that picture.
    InnerSquare,
    /// A square over a face.
    Face(FaceSlot, Window),
    /// A square over a keypoint.
    Keypoint(KeypointSlot),
    /// A square over a keypoint of the picture inside a frame.
    InnerKeypoint(KeypointSlot),
}

/// Views that may show the same: squares over faces of one window, whichever face they are laid
/// over, squares over keypoints, and views of all the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// With or without its borders and sides.
    All,
    /// Its upper part.
    Top,
    Face(Window),
    Keypoint,
}

/// How much a square over a face takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// The face alone.
    Close,
    /// The head.
    Head,
    /// Head and shoulders.
    Bust,
}

/// The number of a face among those of a photo that squares are laid over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaceSlot(u8);

/// The number of a keypoint among those of a photo that are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeypointSlot(u8);

/// Views of faces have codes from here on, this many a face.
const FACE_CODES: u8 = 16;
const CODES_PER_FACE: u8 = 8;
/// Squares over keypoints have codes from here on, then those over keypoints inside a frame.
const KEYPOINT_CODES: u8 = 64;
const INNER_KEYPOINT_CODES: u8 = KEYPOINT_CODES + KeypointSlot::COUNT;

const _: () = assert!(Window::ALL.len() <= CODES_PER_FACE as usize);
const _: () =
    assert!(ANCHORED_MAX * CODES_PER_FACE as usize <= (KEYPOINT_CODES - FACE_CODES) as usize);

impl View {
    /// A number that stays the same for ever: banks keep it.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::Trimmed => 1,
            Self::Square => 2,
            Self::Top => 3,
            Self::Inner => 4,
            Self::InnerSquare => 5,
            Self::Face(face, window) => FACE_CODES + CODES_PER_FACE * face.0 + window.code(),
            Self::Keypoint(keypoint) => KEYPOINT_CODES + keypoint.0,
            Self::InnerKeypoint(keypoint) => INNER_KEYPOINT_CODES + keypoint.0,
        }
    }

    /// The view of that number; `None` for one that this version does not know.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Whole),
            1 => Some(Self::Trimmed),
            2 => Some(Self::Square),
            3 => Some(Self::Top),
            4 => Some(Self::Inner),
            5 => Some(Self::InnerSquare),
            FACE_CODES..KEYPOINT_CODES => {
                let code = code - FACE_CODES;
                let face = FaceSlot::new(usize::from(code / CODES_PER_FACE))?;
                Some(Self::Face(face, Window::from_code(code % CODES_PER_FACE)?))
            }
            KEYPOINT_CODES..INNER_KEYPOINT_CODES => {
                KeypointSlot::new(usize::from(code - KEYPOINT_CODES)).map(Self::Keypoint)
            }
            INNER_KEYPOINT_CODES.. => {
                KeypointSlot::new(usize::from(code - INNER_KEYPOINT_CODES)).map(Self::InnerKeypoint)
            }
            _ => None,
        }
    }

    /// Stable name. Views of several faces have the same.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Trimmed => "trimmed",
            Self::Square => "square",
            Self::Top => "top",
            Self::Inner => "inner",
            Self::InnerSquare => "inner_square",
            Self::Face(_, Window::Close) => "face_close",
            Self::Face(_, Window::Head) => "face_head",
            Self::Face(_, Window::Bust) => "face_bust",
            Self::Keypoint(_) | Self::InnerKeypoint(_) => "keypoint",
        }
    }

    /// Which views it may show the same as.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Whole | Self::Trimmed | Self::Square | Self::Inner | Self::InnerSquare => {
                Kind::All
            }
            Self::Top => Kind::Top,
            Self::Face(_, window) => Kind::Face(window),
            Self::Keypoint(_) | Self::InnerKeypoint(_) => Kind::Keypoint,
        }
    }

    /// Whether this view of one photo and `other` of another may show the same.
    #[must_use]
    pub fn is_comparable_with(self, other: Self) -> bool {
        self.kind() == other.kind()
    }

    /// Whether it is a square over a face.
    #[must_use]
    pub fn is_of_face(self) -> bool {
        matches!(self, Self::Face(..))
    }

    /// Whether it is a square over a keypoint.
    #[must_use]
    pub fn is_of_keypoint(self) -> bool {
        matches!(self, Self::Keypoint(_) | Self::InnerKeypoint(_))
    }

    /// Whether it shows a part that may have been cut out of one picture and put into another.
    #[must_use]
    pub fn shows_part(self) -> bool {
        self.is_of_face() || self.is_of_keypoint()
    }

    /// Whether banks keep it. A picture inside a frame is only looked for when it is looked up.
    pub(super) fn is_banked(self) -> bool {
        match self {
            Self::Inner | Self::InnerSquare | Self::InnerKeypoint(_) => false,
            Self::Keypoint(keypoint) => keypoint.0 < KeypointSlot::BANKED,
            _ => true,
        }
    }

    /// What a mirrored photo swaps in this view: the roll of a keypoint points the other way then,
    /// so its square lies upside down.
    pub(super) fn mirror(self) -> Mirror {
        if self.is_of_keypoint() { Mirror::UpDown } else { Mirror::LeftRight }
    }
}

impl Kind {
    /// Each once.
    pub const ALL: [Self; 6] = [
        Self::All,
        Self::Top,
        Self::Face(Window::Close),
        Self::Face(Window::Head),
        Self::Face(Window::Bust),
        Self::Keypoint,
    ];

    /// Its place in [`Self::ALL`].
    pub(crate) fn number(self) -> usize {
        match self {
            Self::All => 0,
            Self::Top => 1,
            Self::Face(window) => 2 + usize::from(window.code()),
            Self::Keypoint => 5,
        }
    }
}

impl Window {
    /// The closest first.
    pub const ALL: [Self; 3] = [Self::Close, Self::Head, Self::Bust];

    /// Side of the square, in sides of the face's anchor.
    pub(super) fn sides(self) -> f32 {
        match self {
            Self::Close => 1.05,
            Self::Head => 1.6,
            Self::Bust => 2.2,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Close => 0,
            Self::Head => 1,
            Self::Bust => 2,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.code() == code)
    }
}

impl FaceSlot {
    /// `None` from [`ANCHORED_MAX`] on.
    #[must_use]
    pub fn new(number: usize) -> Option<Self> {
        u8::try_from(number).ok().filter(|_| number < ANCHORED_MAX).map(Self)
    }
}

impl KeypointSlot {
    /// Keypoints of a photo that are looked up, and again of the picture inside it: a crop or a
    /// frame changes which are the first.
    pub const COUNT: u8 = 24;
    /// Keypoints of a photo that a bank keeps a square over.
    pub const BANKED: u8 = 12;

    /// `None` from [`Self::COUNT`] on.
    #[must_use]
    pub fn new(number: usize) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| *number < Self::COUNT).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_and_others_are_refused() {
        let known: Vec<View> = (0..=u8::MAX).filter_map(View::from_code).collect();
        assert!(known.iter().all(|view| View::from_code(view.code()) == Some(*view)));
        assert!(known.is_sorted(), "views are ordered as their codes are");
        let of_faces = ANCHORED_MAX * Window::ALL.len();
        assert_eq!(known.len(), 6 + of_faces + 2 * usize::from(KeypointSlot::COUNT));
    }

    #[test]
    fn each_kind_has_its_own_place() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind.number(), place);
        }
    }

    /// Banks hold these numbers, so they never change.
    #[test]
    fn codes_stay_what_they_are() {
        let (face, keypoint) = (FaceSlot::new(1).unwrap(), KeypointSlot::new(23).unwrap());
        for (view, code) in [
            (View::InnerSquare, 5),
            (View::Face(face, Window::Bust), 26),
            (View::Keypoint(keypoint), 87),
            (View::InnerKeypoint(keypoint), 111),
        ] {
            assert_eq!(view.code(), code);
        }
    }

    #[test]
    fn only_views_that_may_show_the_same_are_comparable() {
        let face = |number, window| View::Face(FaceSlot::new(number).unwrap(), window);
        let close = face(0, Window::Close);
        let keypoint = View::Keypoint(KeypointSlot::new(0).unwrap());
        let check = |view: View, other: View, expected: bool| {
            assert_eq!(view.is_comparable_with(other), expected, "{view:?} and {other:?}");
            assert_eq!(other.is_comparable_with(view), expected, "{other:?} and {view:?}");
        };
        check(close, face(2, Window::Close), true);
        check(close, face(1, Window::Head), false);
        check(close, View::Whole, false);
        check(View::Square, View::Whole, true);
        check(View::Top, View::Top, true);
        check(View::Top, View::Whole, false);
        check(keypoint, View::InnerKeypoint(KeypointSlot::new(5).unwrap()), true);
        check(keypoint, View::Inner, false);
        check(keypoint, close, false);
    }
}
