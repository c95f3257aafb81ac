//! The bundled models: tract answers as ONNX Runtime did, faces lie where Python found them.

use image::{RgbImage, imageops};
use photocheck::app::models::read_detector;
use photocheck_core::detector::{Detector, ScoreLevels};
use photocheck_core::evaluation::detection::{self, Judged, Truth};
use photocheck_core::faces::FaceFinder;
use photocheck_core::matching::index::{Index, Scope};
use photocheck_core::photo::Photo;
use photocheck_core::photo::resize::{PixelBox, cut, resize};
use photocheck_core::region::Region;
use photocheck_core::signals::{Evaluated, NotApplicable, Synthetic};
use rayon::prelude::*;
use serde::Deserialize;

use crate::support::{checker, fixture, root, shared};

/// `models/NAME/reference.json`: what training measured with Pillow and ONNX Runtime.
#[derive(Deserialize)]
struct Reference {
    tolerance: Tolerance,
    same_input: SameInput,
    photos: Vec<Expected>,
}

#[derive(Deserialize)]
struct Tolerance {
    /// Of a logit, given the same input.
    logit_same_input: f32,
    /// Of the score, over the whole path: decoding, face box, cutting, resizing, model.
    score_whole_path: f32,
}

/// A cut of a lossless fixture that needs no resizing.
#[derive(Deserialize)]
struct SameInput {
    fixture: String,
    r#box: [u32; 4],
    logits: Vec<f32>,
}

#[derive(Deserialize)]
struct Expected {
    path: String,
    score: f32,
}

/// A line of `models/face/reference.jsonl`: faces by `training/faces/face_boxes.py`.
#[derive(Deserialize)]
struct FacesExpected {
    image: String,
    faces: Vec<FaceExpected>,
}

#[derive(Deserialize)]
struct FaceExpected {
    r#box: [f32; 4],
    eyes: [[f32; 2]; 2],
    score: f32,
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn reference() -> Reference {
    serde_json::from_str(&text(&format!("models/{}/reference.json", checker().model()))).unwrap()
}

#[test]
fn tract_gives_the_logits_of_onnx_runtime() {
    let Reference { same_input, tolerance, .. } = reference();
    let photo = Photo::decode(&fixture(&same_input.fixture)).unwrap();
    let [x, y, width, height] = same_input.r#box;
    let pixels: RgbImage = cut(photo.pixels(), PixelBox { x, y, width, height });
    let found = checker().detector().logits(&pixels).unwrap();
    assert_eq!(found.len(), same_input.logits.len());
    for (found, expected) in found.iter().zip(&same_input.logits) {
        let apart = (found - expected).abs();
        assert!(apart <= tolerance.logit_same_input, "{found} is not {expected}");
    }
}

#[test]
fn faces_lie_where_training_found_them() {
    let onnx = std::fs::read(root().join("models/face/model.onnx")).unwrap();
    let finder = FaceFinder::load(&onnx, &text("models/face/model.toml")).unwrap();
    let (mut photos, mut faces) = (0, 0);
    for line in text("models/face/reference.jsonl").lines() {
        let expected: FacesExpected = serde_json::from_str(line).unwrap();
        let photo = Photo::decode(&std::fs::read(root().join(&expected.image)).unwrap()).unwrap();
        let found = finder.find(photo.pixels());
        assert_eq!(found.len(), expected.faces.len(), "{}", expected.image);
        for (found, expected) in found.iter().zip(&expected.faces) {
            let [left, right, ..] = found.points;
            let [x, y, width, height] = expected.r#box;
            let [[left_x, left_y], [right_x, right_y]] = expected.eyes;
            let pairs = [
                (found.x, x),
                (found.y, y),
                (found.width, width),
                (found.height, height),
                (left.x, left_x),
                (left.y, left_y),
                (right.x, right_x),
                (right.y, right_y),
                (found.score, expected.score),
            ];
            for (found, expected) in pairs {
                assert!((found - expected).abs() <= 0.02, "{line}: {found} is not {expected}");
            }
            faces += 1;
        }
        photos += 1;
    }
    assert_eq!(photos, 6);
    assert!(5 <= faces);
}

/// Two JPEG decoders differ by a few levels, and a small face is enlarged: hence the tolerance.
#[test]
fn the_whole_path_scores_as_training_measured() {
    let Some(faces) = shared("data/faces") else { return };
    let reference = reference();
    assert!(10 <= reference.photos.len());
    for expected in reference.photos {
        let bytes = std::fs::read(faces.join(&expected.path)).unwrap();
        let report = checker().check(&bytes, &Index::default(), &Scope::Everything).unwrap();
        let Synthetic::Evaluated(evaluated) = report.signals.synthetic else {
            panic!("{}: {:?}", expected.path, report.signals.synthetic);
        };
        let (found, wanted) = (evaluated.score.value(), expected.score);
        let apart = (found - wanted).abs();
        let tolerance = reference.tolerance.score_whole_path;
        assert!(apart <= tolerance, "{}: {found} is not {wanted}", expected.path);
    }
}

/// The bundled model, read from its folder as another one would be.
fn bundled_detector() -> Detector {
    read_detector(&root().join("models").join(checker().model())).unwrap()
}

fn evaluated(detector: &Detector, pixels: &RgbImage, levels: ScoreLevels) -> Evaluated {
    match detector.score(pixels, &checker().judged_faces(pixels), levels) {
        Synthetic::Evaluated(evaluated) => evaluated,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_high_score_comes_with_its_stability_and_a_heat_map() {
    let detector = bundled_detector();
    let photo = Photo::decode(&fixture("photos/ai-portrait-1.jpg")).unwrap();
    let plain = evaluated(&detector, photo.pixels(), ScoreLevels::NONE);
    assert_eq!((&plain.stability, &plain.heat_map), (&None, &None));
    let rescored = evaluated(&detector, photo.pixels(), ScoreLevels { unsure: 0.0, suspect: 0.0 });
    assert_eq!(rescored.score, plain.score);
    let stability = rescored.stability.unwrap();
    assert_eq!(stability.variants, 4);
    assert!(stability.lowest <= rescored.score && rescored.score <= stability.highest);
    assert!(stability.lowest < stability.highest, "variants differ: {stability:?}");
    let map = rescored.heat_map.unwrap();
    assert_eq!(map.rows.iter().map(Vec::len).collect::<Vec<_>>(), [7; 7]);
    let cells: Vec<f32> = map.rows.concat();
    assert!(cells.iter().all(|cell| cell.is_finite()), "{map:?}");
    assert!(cells.iter().any(|cell| 0.0 < *cell), "something speaks for AI: {map:?}");
    // The grid lies over the face.
    let Region { x, y, width, height } = map.region;
    let (middle_x, middle_y) =
        (rescored.face.x + rescored.face.width / 2.0, rescored.face.y + rescored.face.height / 2.0);
    assert!(x < middle_x && middle_x < x + width && y < middle_y && middle_y < y + height);
}

/// A score that the variants cannot settle is not re-scored, nor further than they settle it.
#[test]
fn a_score_is_checked_for_stability_only_as_far_as_it_decides() {
    let detector = bundled_detector();
    let photo = Photo::decode(&fixture("photos/ai-portrait-1.jpg")).unwrap();
    let unsure = ScoreLevels { unsure: 0.0, suspect: f64::INFINITY };
    let unsure = evaluated(&detector, photo.pixels(), unsure);
    assert!(unsure.stability.is_none() && unsure.heat_map.is_some());
    let all = evaluated(&detector, photo.pixels(), ScoreLevels { unsure: 0.0, suspect: 0.0 });
    let (score, all) = (f64::from(all.score.value()), all.stability.unwrap());
    let settled =
        evaluated(&detector, photo.pixels(), ScoreLevels { unsure: score, suspect: score });
    let settled = settled.stability.unwrap();
    assert_eq!(settled.lowest < unsure.score, all.lowest < unsure.score, "{settled:?}, {all:?}");
    assert!(settled.variants <= all.variants);
}

/// An AI-made face and a larger real one beside it.
fn side_by_side() -> RgbImage {
    let photo = |name: &str| image::load_from_memory(&fixture(name)).unwrap().into_rgb8();
    let (real, made) = (photo("photos/real-collins.png"), photo("photos/ai-portrait-1.jpg"));
    let side = real.width() * 2 / 5;
    let mut both = RgbImage::new(real.width() + side, real.height());
    imageops::replace(&mut both, &real, 0, 0);
    imageops::replace(&mut both, &resize(&made, side, side), real.width().into(), 0);
    both
}

#[test]
fn every_face_is_scored_and_the_highest_score_counts() {
    let both = side_by_side();
    let Synthetic::Evaluated(found) = checker().synthetic(&both) else { panic!("it has faces") };
    assert_eq!(found.faces.len(), 2, "{found:?}");
    let scores: Vec<f32> = found.faces.iter().map(|one| one.answer.unwrap().value()).collect();
    let highest = scores.iter().copied().fold(0.0, f32::max);
    assert!((found.score.value() - highest).abs() < f32::EPSILON, "{found:?}");
    assert!(found.faces.iter().any(|one| one.face == found.face));
    assert!(scores[0] < scores[1], "the smaller face is the AI-made one: {scores:?}");
    // It is as suspicious beside another face as it is alone.
    assert!(checker().policy().unsure_score() <= f64::from(highest), "{scores:?}");
    assert!(f64::from(scores[0]) < checker().policy().unsure_score(), "{scores:?}");
}

/// A face of a tenth of the photo's width, beside one of a fifth.
#[test]
fn a_small_face_beside_a_larger_one_is_found() {
    let photo = |name: &str| image::load_from_memory(&fixture(name)).unwrap().into_rgb8();
    let mut wide = RgbImage::from_pixel(1400, 900, image::Rgb([120, 130, 140]));
    imageops::replace(&mut wide, &resize(&photo("photos/real-hopper.jpg"), 700, 820), 640, 60);
    imageops::replace(&mut wide, &resize(&photo("photos/ai-portrait-1.jpg"), 400, 400), 40, 300);
    let Synthetic::Evaluated(found) = checker().synthetic(&wide) else { panic!("it has faces") };
    assert_eq!(found.faces.len(), 2, "{found:?}");
    assert!(found.face.x < 0.5, "the AI-made face is on the left: {found:?}");
    assert!(checker().policy().unsure_score() <= f64::from(found.score.value()), "{found:?}");
}

#[test]
fn a_foremost_face_that_cannot_be_judged_is_not_cleared_by_another() {
    let detector = bundled_detector();
    let mut both = side_by_side();
    let faces = checker().judged_faces(&both);
    let half = both.width() * 2 / 3;
    let blurred =
        imageops::blur(&imageops::crop_imm(&both, 0, 0, half, both.height()).to_image(), 9.0);
    imageops::replace(&mut both, &blurred, 0, 0);
    let answer =
        |from: f64| detector.score(&both, &faces, ScoreLevels { unsure: from, suspect: from });
    match answer(f64::INFINITY) {
        Synthetic::NotApplicable { code, faces } => {
            assert_eq!(code, NotApplicable::FaceTooBlurred);
            assert_eq!(faces[0].answer, Err(NotApplicable::FaceTooBlurred));
            assert!(faces[1].answer.is_ok());
        }
        other => panic!("{other:?}"),
    }
    // Nor does it hide one that is suspicious.
    match answer(0.0) {
        Synthetic::Evaluated(evaluated) => assert_eq!(evaluated.face, faces[1]),
        other => panic!("{other:?}"),
    }
}

/// A line of `val.csv`.
#[derive(Deserialize)]
struct Row {
    path: String,
    label: u8,
    source: String,
}

fn val_rows(faces: &std::path::Path) -> Vec<Row> {
    let table = csv::Reader::from_path(faces.join("val.csv")).unwrap();
    table.into_deserialize().map(Result::unwrap).collect()
}

/// What a network drew after FFHQ sits as FFHQ's faces do, and a head of its own knows it there. A
/// few pixels cut off at one side, and the face sits like any other.
#[test]
fn faces_that_sit_as_generators_draw_them_are_scored_by_their_own_head() {
    let Some(faces) = shared("data/faces") else { return };
    let rows = val_rows(&faces);
    let scores = |source: &str, prepare: fn(&RgbImage) -> RgbImage| -> Vec<f32> {
        let some: Vec<_> = rows.iter().filter(|row| row.source == source).take(15).collect();
        let score = |row: &&Row| {
            let photo = Photo::decode(&std::fs::read(faces.join(&row.path)).unwrap()).unwrap();
            evaluated(checker().detector(), &prepare(photo.pixels()), ScoreLevels::NONE)
                .score
                .value()
        };
        some.par_iter().map(score).collect()
    };
    let suspect = checker().detector().score_at_rate(0.01).unwrap();
    let count = |scores: &[f32]| scores.iter().filter(|it| suspect <= f64::from(**it)).count();
    let cut_left = |pixels: &RgbImage| {
        let (width, height) = pixels.dimensions();
        let x = width / 20;
        cut(pixels, PixelBox { x, y: 0, width: width - x, height })
    };
    let drawn = scores("sg3_seeds256", RgbImage::clone);
    assert!(10 <= count(&drawn), "{drawn:?}");
    let cut_drawn = scores("sg3_seeds256", cut_left);
    assert!(count(&cut_drawn) < count(&drawn), "{cut_drawn:?} {drawn:?}");
    let taken = scores("realorfake_ffhq", RgbImage::clone);
    assert!(count(&taken) <= 1, "{taken:?}");
}

/// `[reached]` of a `model.toml`: AUROC on the small pack's val by `photocheck eval`.
#[derive(Deserialize)]
struct Reached {
    auroc: f64,
    /// Lower end of its 95 % interval.
    auroc_least: f64,
}

#[derive(Deserialize)]
struct Card {
    reached: Reached,
    /// What the model that was bundled before reached.
    forerunner: Reached,
}

/// A new model must not be worse than the one before by more than chance.
#[test]
fn the_bundled_model_reaches_its_card_on_val() {
    let Some(faces) = shared("data/faces") else { return };
    let rows = val_rows(&faces);
    let judge = |row: Row| {
        let photo = Photo::decode(&std::fs::read(faces.join(&row.path)).unwrap()).unwrap();
        let checker = checker();
        let faces = checker.judged_faces(photo.pixels());
        let score = match checker.detector().score(photo.pixels(), &faces, ScoreLevels::NONE) {
            Synthetic::Evaluated(found) => Some(f64::from(found.score.value())),
            _ => None,
        };
        let truth = if row.label == 1 { Truth::Synthetic } else { Truth::Real };
        Judged { truth, source: row.source, score, verdict: None, made_by_ai: None }
    };
    let judged: Vec<Judged> = rows.into_par_iter().map(judge).collect();
    let found = detection::summary(&judged, 0.5).auroc.unwrap();
    let card: Card =
        toml::from_str(&text(&format!("models/{}/model.toml", checker().model()))).unwrap();
    let apart = (found - card.reached.auroc).abs();
    assert!(apart < 0.005, "AUROC {found}, the card says {}", card.reached.auroc);
    let before = card.forerunner.auroc_least;
    assert!(before <= found, "AUROC {found}; its forerunner reached {before} at least");
}
