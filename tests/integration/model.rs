//! The bundled model: tract answers as ONNX Runtime did, and the policy is written for it.

use std::sync::Arc;

use photocheck::core::detector::Synthetic;
use photocheck::core::index::Index;
use serde::Deserialize;

use crate::support::{checker, root, shared};

/// `models/NAME/reference.json`: what training measured with Pillow and ONNX Runtime.
#[derive(Deserialize)]
struct Reference {
    tolerance: Tolerance,
    photos: Vec<Expected>,
}

#[derive(Deserialize)]
struct Tolerance {
    /// Of the score, over the whole path: decoding, face box, cutting, resizing, model.
    score_whole_path: f32,
}

#[derive(Deserialize)]
struct Expected {
    path: String,
    score: f32,
}

#[test]
fn the_whole_path_scores_as_training_measured() {
    let Some(faces) = shared("data/faces") else { return };
    let checker = checker();
    let file = root().join("models").join(checker.model()).join("reference.json");
    let reference: Reference =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(10 <= reference.photos.len());
    let index = Index::default();
    for expected in reference.photos {
        let bytes = std::fs::read(faces.join(&expected.path)).unwrap();
        let report = Arc::clone(&checker).check(&bytes, &index).unwrap();
        let Synthetic::Evaluated { score, .. } = report.signals.synthetic else {
            panic!("{}: {:?}", expected.path, report.signals.synthetic);
        };
        let apart = (score.value() - expected.score).abs();
        let tolerance = reference.tolerance.score_whole_path;
        let (found, expected_score) = (score.value(), expected.score);
        assert!(apart <= tolerance, "{}: {found} is not {expected_score}", expected.path);
    }
}
