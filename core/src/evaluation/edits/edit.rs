//! The kinds of edits, their names, and those that each measurement runs over.

/// One kind of edit. Numbers are those of its name: per cent, degrees or JPEG quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edit {
    /// Left becomes right.
    Mirror,
    /// The largest square around the middle, as avatars are cut without a choice. Of a square
    /// photo this is the photo.
    SquareCentred,
    /// A square of 80 to 100 % of the shorter side at a random position, as a user crops.
    SquareOffCentre,
    /// This share of each side is kept, at a random position.
    Crop(u8),
    /// A border of this share of the shorter side on all four sides: white, black or any colour.
    Border(u8),
    /// Bars that make the photo 9:16 or 16:9: black, or the photo itself enlarged and blurred.
    Letterbox,
    /// The photo in a story: on a coloured gradient, between the app's bars, with a text.
    StoryFrame,
    /// A band with a line of text, and an emoji of 12 to 25 % of the shorter side, anywhere.
    Overlay,
    /// A text repeated all over the photo, a quarter to two fifths opaque.
    Watermark,
    /// An outlined line of text in a corner or across the middle, as photographers sign.
    TextMark,
    /// A badge of a colour with two letters in a corner, as apps and stations mark theirs.
    LogoMark,
    /// An outlined text repeated all over the photo, as stock libraries mark previews.
    TiledMark,
    /// Turned this many degrees either way, and enlarged until no empty corner is left.
    Turn(u8),
    /// Saved as JPEG of this quality.
    Jpeg(u8),
    /// Shrunk to 320 pixels of the longer side, then saved as JPEG of this quality.
    SmallJpeg(u8),
    /// Shrunk to so many pixels of the longer side.
    Side(u32),
    /// Shown on a phone, 1080 pixels wide, and saved from its screen as JPEG of quality 85.
    Screenshot,
    /// Shrunk to half its size and enlarged again.
    DownUp,
    /// Saved as lossy WebP of a quality of 50 to 80.
    WebP,
    /// Gaussian blur of 0.3 to 1 % of the shorter side.
    Blur,
    /// Gaussian noise of 8 to 20 of 255.
    Noise,
    /// Gaussian noise of 2 to 4 of 255, which nobody sees.
    SlightNoise,
    /// Each value becomes the median of the nine around it.
    Median,
    /// Unsharp mask of an amount of 0.5 to 1.5.
    Sharpen,
    /// 60 to 85 or 115 to 140 % of the brightness.
    Brightness,
    /// 60 to 85 or 120 to 160 % of the contrast.
    Contrast,
    /// A gamma of 0.6 to 0.8 or 1.25 to 1.7.
    Gamma,
    /// Without colour.
    Grey,
    /// More red, less blue, as filters named after the sun give.
    Warm,
    /// Darker to the corners, by 40 to 80 % there.
    Vignette,
    /// A screen that shows the photo, photographed from slightly aside.
    ScreenPhoto,
    /// Three different edits of those above, drawn anew for each photo. None is left out, so the
    /// crops of one chain may multiply to less than 60 % of a side. The number only tells chains
    /// apart.
    Chain(u8),
}

impl Edit {
    /// What people and sites lay over a photo.
    pub const OVERLAYS: [Self; 4] =
        [Self::TextMark, Self::LogoMark, Self::TiledMark, Self::Overlay];

    /// What the detector must hold over: ways a photo travels, cheap attacks, and overlays last.
    pub const TRAVELS: [Self; 27] = [
        Self::Jpeg(95),
        Self::Jpeg(85),
        Self::Jpeg(75),
        Self::Jpeg(60),
        Self::Jpeg(50),
        Self::Jpeg(40),
        Self::Jpeg(30),
        Self::Side(1024),
        Self::Side(768),
        Self::Side(512),
        Self::Side(320),
        Self::Side(224),
        Self::Side(160),
        Self::Side(128),
        Self::WebP,
        Self::Blur,
        Self::Noise,
        Self::SlightNoise,
        Self::Median,
        Self::DownUp,
        Self::Screenshot,
        Self::ScreenPhoto,
        Self::Grey,
        Self::TextMark,
        Self::LogoMark,
        Self::TiledMark,
        Self::Overlay,
    ];

    /// Every edit that matching is measured over, chains last.
    pub const ALL: [Self; 39] = [
        Self::Mirror,
        Self::SquareCentred,
        Self::SquareOffCentre,
        Self::Crop(95),
        Self::Crop(90),
        Self::Crop(80),
        Self::Crop(70),
        Self::Crop(60),
        Self::Border(5),
        Self::Border(20),
        Self::Letterbox,
        Self::StoryFrame,
        Self::Overlay,
        Self::Watermark,
        Self::Turn(1),
        Self::Turn(2),
        Self::Turn(4),
        Self::Turn(8),
        Self::Jpeg(75),
        Self::Jpeg(40),
        Self::Jpeg(20),
        Self::SmallJpeg(75),
        Self::SmallJpeg(40),
        Self::SmallJpeg(20),
        Self::WebP,
        Self::Blur,
        Self::Noise,
        Self::Sharpen,
        Self::Brightness,
        Self::Contrast,
        Self::Gamma,
        Self::Grey,
        Self::Warm,
        Self::Vignette,
        Self::ScreenPhoto,
        Self::Chain(1),
        Self::Chain(2),
        Self::Chain(3),
        Self::Chain(4),
    ];

    /// Stable name, unlike all others.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Mirror => "mirror".into(),
            Self::SquareCentred => "square-centred".into(),
            Self::SquareOffCentre => "square-off-centre".into(),
            Self::Crop(percent) => format!("crop-{percent}"),
            Self::Border(percent) => format!("border-{percent}"),
            Self::Letterbox => "letterbox".into(),
            Self::StoryFrame => "story-frame".into(),
            Self::Overlay => "overlay".into(),
            Self::Watermark => "watermark".into(),
            Self::TextMark => "overlay-text".into(),
            Self::LogoMark => "overlay-logo".into(),
            Self::TiledMark => "overlay-tile".into(),
            Self::Turn(degrees) => format!("turn-{degrees}"),
            Self::Jpeg(quality) => format!("jpeg-{quality}"),
            Self::SmallJpeg(quality) => format!("jpeg-{quality}-320px"),
            Self::Side(longer) => format!("{longer}px"),
            Self::Screenshot => "screenshot".into(),
            Self::DownUp => "half-and-back".into(),
            Self::WebP => "webp".into(),
            Self::Blur => "blur".into(),
            Self::Noise => "noise".into(),
            Self::SlightNoise => "slight-noise".into(),
            Self::Median => "median".into(),
            Self::Sharpen => "sharpen".into(),
            Self::Brightness => "brightness".into(),
            Self::Contrast => "contrast".into(),
            Self::Gamma => "gamma".into(),
            Self::Grey => "grey".into(),
            Self::Warm => "warm".into(),
            Self::Vignette => "vignette".into(),
            Self::ScreenPhoto => "screen-photo".into(),
            Self::Chain(number) => format!("chain-of-three-{number}"),
        }
    }
}
