//! The models and the policy: bundled in the program, or read from where the operator says.

use std::path::Path;

use anyhow::Context;

use crate::config::ModelsConfig;
use photocheck_core::checker::Checker;
use photocheck_core::detector::{Detector, ModelFiles, trunk_name};
use photocheck_core::faces::FaceFinder;
use photocheck_core::verdict::Policy;

const FACE_MODEL: &[u8] = include_bytes!("../../models/face/model.onnx");
const FACE_DESCRIPTION: &str = include_str!("../../models/face/model.toml");
const MODEL: ModelFiles<'_> = ModelFiles {
    trunk: (
        include_bytes!("../../models/trunk-clip-b16/trunk.onnx"),
        include_str!("../../models/trunk-clip-b16/trunk.toml"),
    ),
    heads: include_bytes!("../../models/synthetic-6/heads.onnx"),
    exit: Some(include_bytes!("../../models/synthetic-6/exit.onnx")),
    description: include_str!("../../models/synthetic-6/model.toml"),
};
const POLICY: &str = include_str!("../../models/policy.toml");

/// Loads what judges photos: what the operator names, or else the bundled models and policy.
///
/// # Errors
/// When a file cannot be read, is not valid, or model and policy do not belong together.
pub fn load_checker(config: &ModelsConfig) -> anyhow::Result<Checker> {
    let ModelsConfig { model, policy } = config;
    let face_finder = FaceFinder::load(FACE_MODEL, FACE_DESCRIPTION).context("the face finder")?;
    let detector = match model {
        None => Detector::load(MODEL).context("the bundled model")?,
        Some(folder) => read_detector(folder)?,
    };
    let policy = match policy {
        None => Policy::load(POLICY, detector.name()).context("the bundled policy")?,
        Some(file) => Policy::load(&read_text(file)?, detector.name())
            .with_context(|| file.display().to_string())?,
    };
    Ok(Checker::new(face_finder, detector, policy))
}

/// Reads a model from its folder; its trunk is read from the folder beside it that it names.
///
/// # Errors
/// When a file cannot be read or is not valid.
pub fn read_detector(folder: &Path) -> anyhow::Result<Detector> {
    let named = || folder.display().to_string();
    let description = read_text(&folder.join("model.toml"))?;
    let trunk = trunk_name(&description).with_context(named)?;
    let trunk = folder.join("..").join(trunk);
    let (trunk_onnx, trunk_toml) =
        (read(&trunk.join("trunk.onnx"))?, read_text(&trunk.join("trunk.toml"))?);
    let heads = read(&folder.join("heads.onnx"))?;
    let exit = folder.join("exit.onnx");
    let exit = exit.exists().then(|| read(&exit)).transpose()?;
    let files = ModelFiles {
        trunk: (&trunk_onnx, &trunk_toml),
        heads: &heads,
        exit: exit.as_deref(),
        description: &description,
    };
    Detector::load(files).with_context(named)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| file.display().to_string())
}

fn read_text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}
