//! The photo as a result shows it: small, saved anew, with what was found laid over it.
//!
//! It stands in the result as data, so no address serves it and nothing is kept. The pixels are
//! encoded anew: nothing of the file that was sent comes back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::photo::Photo;
use photocheck_core::photo::resize::shrink_to;
use photocheck_core::region::Region;
use photocheck_core::report::Report;
use photocheck_core::signals::{HeatMap, Match, Signals, Synthetic};
use photocheck_core::verdict::KnownCopy;

/// Pixels along the longer side.
const SIDE_MAX: u32 = 640;
/// Of JPEG.
const QUALITY: u8 = 80;
/// Cells that are fainter are left out.
const HEAT_MIN: f32 = 0.05;
/// Pixels between an outline and the edge of the photo.
const EDGE: f32 = 4.0;
/// How opaque the reddest cell is.
const HEAT_OPACITY: f32 = 0.6;

/// The photo, small.
#[derive(Debug)]
pub struct SmallPhoto {
    pub width: u32,
    pub height: u32,
    /// JPEG in base64.
    pub base64: String,
}

/// A rectangle to be drawn, in pixels of the small photo.
#[derive(Debug, Clone, Copy)]
pub struct Outline {
    pub class: &'static str,
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// A cell of the heat map, in pixels of the small photo.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub opacity: f32,
}

impl SmallPhoto {
    /// Of a photo; `None` if it cannot be encoded.
    #[must_use]
    pub fn of(photo: &Photo) -> Option<Self> {
        let small = shrink_to(photo.pixels(), SIDE_MAX);
        let mut jpeg = Vec::new();
        small.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).ok()?;
        let (width, height) = small.dimensions();
        Some(Self { width, height, base64: STANDARD.encode(jpeg) })
    }

    /// What was found, to be outlined: the match first, then the faces.
    #[must_use]
    pub fn outlines(&self, report: &Report) -> Vec<Outline> {
        let signals = &report.signals;
        let found = shown_match(report).map(|found| self.outline("match", found.region));
        let mut outlines: Vec<_> = found.into_iter().collect();
        if let Synthetic::Evaluated(evaluated) = &signals.synthetic {
            let faces = evaluated.faces.iter().map(|result| &result.face);
            let others = faces.filter(|face| **face != evaluated.face);
            outlines.extend(others.map(|face| self.outline("other", face.region())));
            outlines.push(self.outline("face", evaluated.face.region()));
        }
        outlines
    }

    /// The parts of the face that look like AI, the most telling one as red as can be: by how much
    /// it tells is in no unit that people know.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a map has some hundred cells")]
    pub fn heat(&self, signals: &Signals) -> Vec<Cell> {
        let Some(HeatMap { region, rows }) = heat_map(signals) else { return Vec::new() };
        let whole = self.area(*region);
        let most = rows.iter().flatten().copied().fold(f32::MIN_POSITIVE, f32::max);
        let mut cells = Vec::new();
        for (down, row) in rows.iter().enumerate() {
            let height = whole.height / rows.len() as f32;
            for (across, value) in row.iter().enumerate() {
                let opacity = (value / most).clamp(0.0, 1.0) * HEAT_OPACITY;
                if HEAT_MIN <= opacity {
                    let width = whole.width / row.len() as f32;
                    let (x, y) = (across as f32 * width, down as f32 * height);
                    let (x, y) = (short(whole.x + x), short(whole.y + y));
                    let (width, height) = (short(width), short(height));
                    cells.push(Cell { x, y, width, height, opacity: short(opacity) });
                }
            }
        }
        cells
    }

    /// A region in pixels.
    #[expect(clippy::cast_precision_loss, reason = "sides are at most some hundred pixels")]
    fn area(&self, region: Region) -> Region {
        let (wide, high) = (self.width as f32, self.height as f32);
        let Region { x, y, width, height } = region;
        Region { x: x * wide, y: y * high, width: width * wide, height: height * high }
    }

    /// The outline of a region, drawn inside the photo where it reaches its edge.
    #[expect(clippy::cast_precision_loss, reason = "sides are at most some hundred pixels")]
    fn outline(&self, class: &'static str, region: Region) -> Outline {
        let area = self.area(region);
        let inside = |at: f32, side: u32| at.clamp(EDGE, (side as f32 - EDGE).max(EDGE));
        let (x, y) = (inside(area.x, self.width), inside(area.y, self.height));
        let right = inside(area.x + area.width, self.width);
        let bottom = inside(area.y + area.height, self.height);
        let (x, y, width, height) = (short(x), short(y), short(right - x), short(bottom - y));
        Outline { class, x, y, width, height }
    }
}

/// The match that a result shows: the nearest of those that the answer is about.
#[must_use]
pub fn shown_match(report: &Report) -> Option<&Match> {
    let nearest = |purpose, opinion: Option<Opinion>| {
        let of = report.signals.matches.iter().filter(move |found| {
            found.bank.purpose == purpose && opinion.is_none_or(|it| found.opinion == it)
        });
        // Of equals the first, which is the nearest. What is the platform's own weighs more.
        of.min_by_key(|found| (found.bank.imported, found.view.shows_part()))
    };
    match report.answers.known_photo.answer {
        KnownCopy::Match => nearest(Purpose::KnownFake, Some(Opinion::Confirmed)),
        KnownCopy::Allowed => nearest(Purpose::Allow, Some(Opinion::Confirmed)),
        KnownCopy::Unsure | KnownCopy::NoMatch | KnownCopy::NotCompared(_) => {
            nearest(Purpose::KnownFake, None).or_else(|| nearest(Purpose::Allow, None))
        }
    }
}

fn heat_map(signals: &Signals) -> Option<&HeatMap> {
    match &signals.synthetic {
        Synthetic::Evaluated(evaluated) => evaluated.heat_map.as_ref(),
        Synthetic::NotApplicable { .. } | Synthetic::UnableToEvaluate { .. } => None,
    }
}

/// A number of pixels or of opacity, without digits that nobody sees.
fn short(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}
