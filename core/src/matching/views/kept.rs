//! Kept views: what a photo is looked up by, in a few kilobytes.
//!
//! A job that compares its photos with each other needs the views of all of them at once. A
//! [`PhotoView`] keeps the samples that its hashes were taken of; a [`KeptView`] has the hashes
//! alone, and can be written to a file and read back.

use super::{PhotoView, PhotoViews, View};
use crate::matching::hashes::{GradientSample, PdqHash, PdqQuality};
use crate::region::Region;

/// A view that is looked up, as it is and mirrored.
pub trait LookedUp {
    /// Which part of the photo it is.
    fn view(&self) -> View;
    /// The part of the photo it shows, in fractions of its sides.
    fn region(&self) -> Region;
    /// The detail that its hash rests on.
    fn quality(&self) -> PdqQuality;
    /// The hash that is looked up.
    fn pdq(&self, mirrored: bool) -> PdqHash;
    /// The second opinion; squares over keypoints need none.
    fn gradient(&self, mirrored: bool) -> Option<GradientSample>;
}

/// The hashes of a view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeptView {
    view: View,
    region: Region,
    quality: PdqQuality,
    /// As it is, and mirrored.
    pdq: [PdqHash; 2],
    /// As it is, and mirrored; `None` of squares over keypoints.
    gradients: Option<[GradientSample; 2]>,
}

/// All that a photo is looked up by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeptViews {
    /// The whole first.
    pub views: Vec<KeptView>,
    /// The middle of each face, in fractions of the photo's sides.
    pub face_centres: Vec<(f32, f32)>,
}

impl LookedUp for PhotoView {
    fn view(&self) -> View {
        self.view
    }

    fn region(&self) -> Region {
        self.region
    }

    fn quality(&self) -> PdqQuality {
        self.quality
    }

    fn pdq(&self, mirrored: bool) -> PdqHash {
        Self::pdq(self, mirrored)
    }

    fn gradient(&self, mirrored: bool) -> Option<GradientSample> {
        Some(Self::gradient(self, mirrored).sample())
    }
}

impl LookedUp for KeptView {
    fn view(&self) -> View {
        self.view
    }

    fn region(&self) -> Region {
        self.region
    }

    fn quality(&self) -> PdqQuality {
        self.quality
    }

    fn pdq(&self, mirrored: bool) -> PdqHash {
        let [plain, turned] = self.pdq;
        if mirrored { turned } else { plain }
    }

    fn gradient(&self, mirrored: bool) -> Option<GradientSample> {
        self.gradients.map(|[plain, turned]| if mirrored { turned } else { plain })
    }
}

impl KeptView {
    /// Whether a bank would keep it.
    #[must_use]
    pub fn is_banked(&self) -> bool {
        self.view.is_banked()
    }

    fn of(view: &PhotoView) -> Self {
        let both = |mirrored| view.gradient(mirrored).sample();
        Self {
            view: view.view,
            region: view.region,
            quality: view.quality,
            pdq: view.pdq,
            gradients: (!view.view.is_of_keypoint()).then(|| [false, true].map(both)),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend([self.view.code(), self.quality.value()]);
        let Region { x, y, width, height } = self.region;
        bytes.extend([x, y, width, height].iter().flat_map(|side| side.to_be_bytes()));
        let words = self.pdq.iter().flat_map(|hash| hash.0);
        words.for_each(|word| bytes.extend(word.to_be_bytes()));
        let gradients = self.gradients.iter().flatten();
        gradients.for_each(|sample| bytes.extend(sample.0.to_be_bytes()));
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let [code, quality] = take(bytes)?;
        let view = View::from_code(code)?;
        let mut side = || take(bytes).map(f32::from_be_bytes);
        let region = Region { x: side()?, y: side()?, width: side()?, height: side()? };
        let mut word = || take(bytes).map(u64::from_be_bytes);
        let mut hash = || Some(PdqHash([word()?, word()?, word()?, word()?]));
        let pdq = [hash()?, hash()?];
        let gradients = if view.is_of_keypoint() {
            None
        } else {
            Some([GradientSample(word()?), GradientSample(word()?)])
        };
        Some(Self { view, region, quality: PdqQuality::new(quality)?, pdq, gradients })
    }
}

impl From<&PhotoViews> for KeptViews {
    fn from(photo: &PhotoViews) -> Self {
        let centre = |face: &crate::faces::Face| face.region().centre();
        Self {
            views: photo.views.iter().map(KeptView::of).collect(),
            face_centres: photo.faces.all().map(centre).collect(),
        }
    }
}

impl KeptViews {
    /// As bytes, to be kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Far fewer faces are ever found.
        let faces = self.face_centres.iter().take(u8::MAX.into());
        bytes.push(u8::try_from(faces.len()).unwrap_or(u8::MAX));
        for (x, y) in faces {
            bytes.extend(x.to_be_bytes());
            bytes.extend(y.to_be_bytes());
        }
        self.views.iter().for_each(|view| view.write(&mut bytes));
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let [faces] = take(&mut bytes)?;
        let mut face_centres = Vec::new();
        for _ in 0..faces {
            let mut side = || take(&mut bytes).map(f32::from_be_bytes);
            face_centres.push((side()?, side()?));
        }
        let mut views = Vec::new();
        while !bytes.is_empty() {
            views.push(KeptView::read(&mut bytes)?);
        }
        Some(Self { views, face_centres })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::Faces;
    use crate::matching::views::Framing;

    const COLLINS: &[u8] = include_bytes!("../../../../fixtures/photos/real-collins.png");

    #[test]
    fn what_is_kept_reads_back_and_damage_is_refused() {
        let photo = image::load_from_memory(COLLINS).unwrap().into_rgb8();
        let views = PhotoViews::hash(&photo, &Framing::find(&photo), Faces::default());
        let mut kept = KeptViews::from(&views);
        kept.face_centres.push((0.25, 0.75));
        assert!(kept.views.iter().any(|view| view.gradients.is_none()));
        for (view, of) in kept.views.iter().zip(&views.views) {
            assert_eq!(view.pdq(true), of.pdq(true));
            assert_eq!(view.gradient(false).is_none(), of.view.is_of_keypoint());
        }
        let bytes = kept.to_bytes();
        assert_eq!(KeptViews::from_bytes(&bytes), Some(kept));
        assert_eq!(KeptViews::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(KeptViews::from_bytes(&[]), None);
        assert_eq!(KeptViews::from_bytes(&[255, 0]), None);
    }
}
