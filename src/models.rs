//! The models and the policy: bundled in the program, or read from where the operator says.

use std::path::Path;

use anyhow::Context;

use crate::core::checker::Checker;
use crate::core::detector::Detector;
use crate::core::faces::FaceFinder;
use crate::core::verdict::Policy;

const FACE_MODEL: &[u8] = include_bytes!("../models/face/model.onnx");
const FACE_DESCRIPTION: &str = include_str!("../models/face/model.toml");
const MODEL: &[u8] = include_bytes!("../models/synthetic-5/model.onnx");
const DESCRIPTION: &str = include_str!("../models/synthetic-5/model.toml");
const POLICY: &str = include_str!("../models/policy.toml");

/// Loads what judges photos. `model` is a folder with `model.onnx` and `model.toml`, `policy` a
/// file; without them the bundled ones are used.
///
/// # Errors
/// When a file cannot be read, is not valid, or model and policy do not belong together.
pub fn load_checker(model: Option<&Path>, policy: Option<&Path>) -> anyhow::Result<Checker> {
    let face_finder = FaceFinder::load(FACE_MODEL, FACE_DESCRIPTION).context("the face finder")?;
    let detector = match model {
        None => Detector::load(MODEL, DESCRIPTION).context("the bundled model")?,
        Some(folder) => read_detector(folder)?,
    };
    let policy = match policy {
        None => Policy::load(POLICY, detector.name()).context("the bundled policy")?,
        Some(file) => Policy::load(&read_text(file)?, detector.name())
            .with_context(|| file.display().to_string())?,
    };
    Ok(Checker::new(face_finder, detector, policy))
}

/// Reads a model from its folder.
///
/// # Errors
/// When a file cannot be read or is not valid.
pub fn read_detector(folder: &Path) -> anyhow::Result<Detector> {
    let onnx = folder.join("model.onnx");
    let bytes = std::fs::read(&onnx).with_context(|| onnx.display().to_string())?;
    let description = read_text(&folder.join("model.toml"))?;
    Detector::load(&bytes, &description).with_context(|| folder.display().to_string())
}

fn read_text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}
