//! The models and the policy: bundled in the program, or read from where the operator says.

use std::path::Path;

use anyhow::Context;

use crate::config::{BundledPolicy, ModelsConfig, PolicyChoice};
use photocheck_core::checker::Checker;
use photocheck_core::detector::{Detector, ModelFiles, trunk_name};
use photocheck_core::evaluation::drift::CardScores;
use photocheck_core::faces::FaceFinder;
use photocheck_core::verdict::Policy;

const FACE_MODEL: &[u8] = include_bytes!("../../models/face/model.onnx");
const FACE_DESCRIPTION: &str = include_str!("../../models/face/model.toml");
const MODEL: ModelFiles<'_> = ModelFiles {
    trunk: (
        include_bytes!("../../models/trunk-clip-b16/trunk.onnx"),
        include_str!("../../models/trunk-clip-b16/trunk.toml"),
    ),
    heads: include_bytes!("../../models/synthetic-8/heads.onnx"),
    exit: Some(include_bytes!("../../models/synthetic-8/exit.onnx")),
    description: include_str!("../../models/synthetic-8/model.toml"),
};
const CARD_SCORES: &str = include_str!("../../models/synthetic-8/scores.toml");
const THRESHOLDS: &str = include_str!("../../models/thresholds.toml");
const STRICT: &str = include_str!("../../models/policies/strict.toml");
const LABEL: &str = include_str!("../../models/policies/label.toml");

/// Loads what judges photos: what the operator names, or else the bundled models and policy.
///
/// # Errors
/// When a file cannot be read, is not valid, or model and thresholds do not belong together.
pub fn load_checker(config: &ModelsConfig) -> anyhow::Result<Checker> {
    let ModelsConfig { model, policy } = config;
    let face_finder = FaceFinder::load(FACE_MODEL, FACE_DESCRIPTION).context("the face finder")?;
    let detector = match model {
        None => Detector::load(MODEL).context("the bundled model")?,
        Some(folder) => read_detector(folder)?,
    };
    let policy = load_policy(policy, detector.name())?;
    Ok(Checker::new(face_finder, detector, policy))
}

/// The thresholds that all policies of a program share: the bundled ones, with the sections that
/// the operator's policy has of its own.
///
/// # Errors
/// When its file cannot be read or is not valid.
pub fn shared_thresholds(choice: &PolicyChoice) -> anyhow::Result<String> {
    let PolicyChoice::File(file) = choice else { return Ok(THRESHOLDS.to_owned()) };
    let mut shared: toml::Table = THRESHOLDS.parse().context("the bundled thresholds")?;
    let own = read_text(file)?;
    let own: toml::Table = own.parse().with_context(|| file.display().to_string())?;
    let is_section = |(name, _): &(String, toml::Value)| {
        !matches!(name.as_str(), "name" | "version" | "weights")
    };
    shared.extend(own.into_iter().filter(is_section));
    Ok(shared.to_string())
}

/// The scores that a model was measured with; `None` where an operator's model has none beside it.
///
/// # Errors
/// When a file cannot be read or is not valid, or the scores are another model's.
pub fn load_card_scores(model: Option<&Path>) -> anyhow::Result<Option<CardScores>> {
    let Some(folder) = model else {
        let card = CardScores::load(CARD_SCORES, MODEL.description);
        return Ok(Some(card.context("the scores of the bundled model")?));
    };
    let file = folder.join("scores.toml");
    if !file.exists() {
        return Ok(None);
    }
    let description = read_text(&folder.join("model.toml"))?;
    let card = CardScores::load(&read_text(&file)?, &description);
    Ok(Some(card.with_context(|| file.display().to_string())?))
}

/// The name of a model, without loading it.
///
/// # Errors
/// When its description cannot be read or is not valid.
pub fn model_name(model: Option<&Path>) -> anyhow::Result<String> {
    let description = match model {
        None => MODEL.description.to_owned(),
        Some(folder) => read_text(&folder.join("model.toml"))?,
    };
    let description: toml::Table = description.parse().context("the description of the model")?;
    let name = description.get("name").and_then(toml::Value::as_str);
    Ok(name.context("the description of the model has no name")?.to_owned())
}

/// The text of a bundled policy.
#[must_use]
pub fn bundled(policy: BundledPolicy) -> &'static str {
    match policy {
        BundledPolicy::Strict => STRICT,
        BundledPolicy::Label => LABEL,
    }
}

/// Loads a policy for the scores of this model.
///
/// # Errors
/// When its file cannot be read or is not valid, or has the name of a bundled one.
pub fn load_policy(choice: &PolicyChoice, model: &str) -> anyhow::Result<Policy> {
    let file = match choice {
        PolicyChoice::Bundled(policy) => {
            return Policy::load(THRESHOLDS, bundled(*policy), model)
                .with_context(|| format!("the bundled policy {}", policy.name()));
        }
        PolicyChoice::File(file) => file,
    };
    let named = || format!("the policy {} (bundled are strict and label)", file.display());
    let text = read_text(file).with_context(named)?;
    let policy = Policy::load(THRESHOLDS, &text, model).with_context(named)?;
    let name = &policy.version().name;
    let is_bundled = BundledPolicy::from_name(name).is_some();
    anyhow::ensure!(!is_bundled, "{}: its name must not be {name}, as a bundled one's", named());
    Ok(policy)
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
