//! The bundled models: tract answers as ONNX Runtime did, faces lie where Python found them.

use image::RgbImage;
use photocheck::core::detector::Synthetic;
use photocheck::core::faces::FaceFinder;
use photocheck::core::index::Index;
use photocheck::core::onnx::{InputScale, Net};
use photocheck::core::photo::Photo;
use photocheck::core::resize::{PixelBox, cut};
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

#[derive(Deserialize)]
struct Description {
    sha256: String,
    input: InputScale,
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
    let folder = format!("models/{}", checker().model());
    let description: Description = toml::from_str(&text(&format!("{folder}/model.toml"))).unwrap();
    let onnx = std::fs::read(root().join(&folder).join("model.onnx")).unwrap();
    let net = Net::load(&onnx, &description.sha256, description.input).unwrap();
    let photo = Photo::decode(&fixture(&same_input.fixture)).unwrap();
    let [x, y, width, height] = same_input.r#box;
    let pixels: RgbImage = cut(photo.pixels(), PixelBox { x, y, width, height });
    let outputs = net.run(&pixels).unwrap();
    let found: Vec<f32> = outputs[0].iter().copied().collect();
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
        let report = checker().check(&bytes, &Index::default()).unwrap();
        let Synthetic::Evaluated { score, .. } = report.signals.synthetic else {
            panic!("{}: {:?}", expected.path, report.signals.synthetic);
        };
        let (found, wanted) = (score.value(), expected.score);
        let apart = (found - wanted).abs();
        let tolerance = reference.tolerance.score_whole_path;
        assert!(apart <= tolerance, "{}: {found} is not {wanted}", expected.path);
    }
}
