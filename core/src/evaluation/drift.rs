//! Drift: how far the scores of a platform's photos lie from those that the model was measured on.
//!
//! The model's card counts the scores of labelled photos, real and AI-made ones apart. How many of
//! a platform's photos are AI-made nobody knows, and that alone must not look like drift. So the
//! share that explains the scores best is estimated first, by maximum likelihood (the EM of
//! Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori
//! probabilities", Neural Computation 14, 2002, here on counts in bins). Then the scores are
//! compared with the card's at that share, by the population stability index (Siddiqi, "Credit Risk
//! Scorecards", 2006). More AI-made photos raise the share; photos of another kind the distance.

use serde::Deserialize;

use crate::signals::Score;

/// Upper ends of the bins, in thousandths: finer near 1, where the thresholds are.
const ENDS: [u16; BINS] = [50, 100, 200, 300, 400, 500, 600, 700, 800, 850, 900, 950, 990, 1000];

/// Bins of scores.
pub const BINS: usize = 14;

/// Photos with a score below which nothing is said: of 500 the index lies around 0.08 by chance
/// alone (docs/drift.md has the simulation).
pub const PHOTOS_MIN: u64 = 500;

/// Labelled photos that a card has of each class, at least.
const CARD_PHOTOS_MIN: u64 = 100;

/// Added to each bin, so that an empty one is no infinite surprise.
const PRIOR: f64 = 0.5;

/// Steps of the estimate of the share. Each brings it nearer; after these it moves by less than
/// what is shown.
const STEPS: u16 = 500;

/// One of the bins that scores are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoreBin {
    place: usize,
    end: u16,
}

/// How many scores lie in each bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScoreCounts([u64; BINS]);

/// The scores of the labelled photos that a model was measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardScores {
    pub model: String,
    /// Which photos they are, in words.
    pub photos: String,
    pub real: ScoreCounts,
    pub ai_made: ScoreCounts,
}

/// Why the scores of a card cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    #[error("it is not valid: {0}")]
    NotValid(#[from] toml::de::Error),
    #[error("it is of {found}, and the model is {model}")]
    OtherModel { found: String, model: String },
    #[error("it is of other heads ({found}) than the model's ({model})")]
    OtherHeads { found: String, model: String },
    #[error("its bins are not those of this version")]
    OtherBins,
    #[error("it has {photos} photos of a class; at least {CARD_PHOTOS_MIN} are needed")]
    TooFew { photos: u64 },
}

/// How far some scores lie from a card's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// The population stability index; 0 where they are as the card's.
    pub distance: f64,
    /// The share of AI-made photos that explains them best, 0 to 1.
    pub ai_share: f64,
}

/// What a distance amounts to, by the thresholds that are customary for the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftLevel {
    AsMeasured,
    /// From 0.1 on.
    Moved,
    /// From 0.25 on: the card's figures are not about such photos.
    Drifted,
}

impl ScoreBin {
    /// Every bin, the lowest first.
    #[must_use]
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        ENDS.into_iter().enumerate().map(|(place, end)| Self { place, end })
    }

    /// The bin of a score.
    #[must_use]
    pub fn of(score: Score) -> Self {
        let last = Self { place: BINS - 1, end: 1000 };
        // In f32, as scores are: as f64 the score 0.05 lies above 0.05.
        Self::all().find(|bin| score.value() <= f32::from(bin.end) / 1000.0).unwrap_or(last)
    }

    /// The bin with this upper end in thousandths.
    #[must_use]
    pub fn from_thousandths(end: i64) -> Option<Self> {
        Self::all().find(|bin| i64::from(bin.end) == end)
    }

    /// Its upper end, which belongs to it, in thousandths.
    #[must_use]
    pub fn thousandths(self) -> u16 {
        self.end
    }

    /// Its upper end.
    #[must_use]
    pub fn end(self) -> f64 {
        f64::from(self.end) / 1000.0
    }
}

impl ScoreCounts {
    /// Counts more scores of a bin.
    pub fn add(&mut self, bin: ScoreBin, count: u64) {
        if let Some(counted) = self.0.get_mut(bin.place) {
            *counted = counted.saturating_add(count);
        }
    }

    /// Adds all of another count.
    pub fn add_all(&mut self, other: &Self) {
        for (bin, count) in other.bins() {
            self.add(bin, count);
        }
    }

    /// Each bin with its count, the lowest first.
    pub fn bins(&self) -> impl Iterator<Item = (ScoreBin, u64)> {
        ScoreBin::all().zip(self.0)
    }

    /// The counts alone, the lowest bin first.
    #[must_use]
    pub fn counts(&self) -> [u64; BINS] {
        self.0
    }

    /// How many there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The share of each bin; none is 0.
    fn shares(&self) -> [f64; BINS] {
        let total = float(self.total()) + PRIOR * float(BINS as u64);
        self.0.map(|count| (float(count) + PRIOR) / total)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CardFile {
    model: String,
    heads_sha256: String,
    photos: String,
    ends: [u16; BINS],
    real: [u64; BINS],
    ai_made: [u64; BINS],
}

/// What of a model's description says which model it is.
#[derive(Deserialize)]
struct Described {
    name: String,
    sha256: String,
}

impl CardScores {
    /// Reads `scores.toml` of the model that this `model.toml` describes.
    ///
    /// # Errors
    /// When one of them is not valid, or they do not belong together.
    pub fn load(scores: &str, description: &str) -> Result<Self, CardError> {
        let CardFile { model, heads_sha256, photos, ends, real, ai_made } = toml::from_str(scores)?;
        let Described { name, sha256 } = toml::from_str(description)?;
        if model != name {
            return Err(CardError::OtherModel { found: model, model: name });
        }
        if heads_sha256 != sha256 {
            return Err(CardError::OtherHeads { found: heads_sha256, model: sha256 });
        }
        if ends != ENDS {
            return Err(CardError::OtherBins);
        }
        let (real, ai_made) = (ScoreCounts(real), ScoreCounts(ai_made));
        let least = real.total().min(ai_made.total());
        if least < CARD_PHOTOS_MIN {
            return Err(CardError::TooFew { photos: least });
        }
        Ok(Self { model, photos, real, ai_made })
    }

    /// How far these scores lie from this card's; `None` where they are too few to say.
    #[must_use]
    pub fn drift(&self, scores: &ScoreCounts) -> Option<Drift> {
        if scores.total() < PHOTOS_MIN {
            return None;
        }
        let ai_share = self.ai_share(scores);
        let found = scores.shares();
        let terms = found.iter().zip(self.mixed(ai_share));
        let distance = terms.map(|(is, expected)| (is - expected) * (is / expected).ln()).sum();
        Some(Drift { distance, ai_share })
    }

    /// The share of each bin where this share of the photos is AI-made.
    #[must_use]
    pub fn mixed(&self, ai_share: f64) -> [f64; BINS] {
        let mut mixed = self.real.shares();
        for (share, ai) in mixed.iter_mut().zip(self.ai_made.shares()) {
            *share += ai_share * (ai - *share);
        }
        mixed
    }

    fn ai_share(&self, scores: &ScoreCounts) -> f64 {
        let (real, ai) = (self.real.shares(), self.ai_made.shares());
        let total = float(scores.total().max(1));
        let mut share = 0.5;
        for _ in 0..STEPS {
            let bins = scores.0.iter().zip(real.iter().zip(&ai));
            let explained = bins.map(|(count, (real, ai))| {
                let (by_ai, by_real) = (share * ai, (1.0 - share) * real);
                float(*count) * by_ai / (by_ai + by_real)
            });
            share = explained.sum::<f64>() / total;
        }
        share
    }
}

impl Drift {
    /// What its distance amounts to.
    #[must_use]
    pub fn level(&self) -> DriftLevel {
        match self.distance {
            distance if distance < 0.1 => DriftLevel::AsMeasured,
            distance if distance < 0.25 => DriftLevel::Moved,
            _ => DriftLevel::Drifted,
        }
    }
}

impl DriftLevel {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AsMeasured => "as_measured",
            Self::Moved => "moved",
            Self::Drifted => "drifted",
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIPTION: &str = "name = 'm'\nsha256 = 'aa'\nother = 1";

    /// Mostly low and mostly high scores.
    const REAL: [u64; BINS] = [700, 100, 50, 40, 30, 20, 20, 10, 10, 5, 5, 5, 3, 2];
    const AI: [u64; BINS] = [20, 20, 20, 20, 20, 20, 30, 40, 60, 50, 80, 120, 200, 300];

    fn file(model: &str, heads: &str, ends: &[u16], real: &[u64]) -> String {
        format!(
            "model = '{model}'\nheads_sha256 = '{heads}'\nphotos = 'some'\nends = {ends:?}\n\
             real = {real:?}\nai_made = {AI:?}\n"
        )
    }

    fn card() -> CardScores {
        CardScores::load(&file("m", "aa", &ENDS, &REAL), DESCRIPTION).unwrap()
    }

    #[test]
    fn what_does_not_belong_together_does_not_load() {
        let wrong = |text: &str| CardScores::load(text, DESCRIPTION).unwrap_err().to_string();
        assert_eq!(wrong(&file("n", "aa", &ENDS, &REAL)), "it is of n, and the model is m");
        assert_eq!(
            wrong(&file("m", "bb", &ENDS, &REAL)),
            "it is of other heads (bb) than the model's (aa)"
        );
        let ends: Vec<u16> = ENDS.iter().map(|end| end + 1).collect();
        assert_eq!(wrong(&file("m", "aa", &ends, &REAL)), "its bins are not those of this version");
        assert_eq!(
            wrong(&file("m", "aa", &ENDS, &[7; BINS])),
            "it has 98 photos of a class; at least 100 are needed"
        );
        assert!(wrong("model = 'm'").starts_with("it is not valid: "));
        assert!(wrong(&file("m", "aa", &ENDS[1..], &REAL)).starts_with("it is not valid: "));
    }

    #[test]
    fn a_score_is_in_the_bin_whose_end_it_does_not_exceed() {
        for (score, end) in [(0.0, 50), (0.05, 50), (0.051, 100), (0.99, 990), (1.0, 1000)] {
            let bin = ScoreBin::of(Score::new(score).unwrap());
            assert_eq!(bin.thousandths(), end, "{score}");
            assert_eq!(ScoreBin::from_thousandths(i64::from(end)), Some(bin));
        }
        assert_eq!(ScoreBin::from_thousandths(60), None);
    }

    #[test]
    fn another_share_of_ai_made_photos_is_no_drift() {
        for (real, ai, expected) in [(1, 0, 0.0), (9, 1, 0.1), (1, 1, 0.5), (0, 1, 1.0)] {
            let mut day = ScoreCounts::default();
            for (bin, count) in ScoreCounts(REAL).bins() {
                day.add(bin, real * count);
            }
            for (bin, count) in ScoreCounts(AI).bins() {
                day.add(bin, ai * count);
            }
            let drift = card().drift(&day).unwrap();
            assert!((drift.ai_share - expected).abs() < 0.02, "{expected}: {drift:?}");
            assert!(drift.distance < 0.01, "{expected}: {drift:?}");
            assert_eq!(drift.level(), DriftLevel::AsMeasured);
        }
    }

    /// Scores that no mixture of the card's classes has: all in the middle.
    #[test]
    fn photos_of_another_kind_are() {
        let mut day = ScoreCounts::default();
        day.add(ScoreBin::of(Score::new(0.55).unwrap()), PHOTOS_MIN);
        let drift = card().drift(&day).unwrap();
        assert_eq!(drift.level(), DriftLevel::Drifted, "{drift:?}");
        // A quarter of the photos moved from the lowest scores to the middle.
        let mut day = ScoreCounts([525, 100, 50, 40, 30, 195, 20, 10, 10, 5, 5, 5, 3, 2]);
        assert_eq!(card().drift(&day).unwrap().level(), DriftLevel::Drifted);
        day = ScoreCounts([640, 100, 50, 40, 30, 80, 20, 10, 10, 5, 5, 5, 3, 2]);
        assert_eq!(card().drift(&day).unwrap().level(), DriftLevel::AsMeasured);
    }

    #[test]
    fn of_few_photos_nothing_is_said() {
        let mut day = ScoreCounts::default();
        let bin = ScoreBin::of(Score::new(1.0).unwrap());
        day.add(bin, PHOTOS_MIN - 1);
        assert_eq!(card().drift(&day), None);
        day.add(bin, 1);
        assert!(card().drift(&day).is_some());
    }
}
