//! Generator texts: the settings that image generators write beside their pictures.
//!
//! Each generator has its own keywords and its own layout, and a text counts only when it has both:
//! a PNG text `parameters` that holds no settings is no mark. Taken out are the generator, the
//! model and the seed. **The prompt never is**: it tells more about a person than the check needs.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::blocks::{Section, Text};
use super::mark::{Claim, Kind, Mark};

/// Fields of one line of settings that are looked at.
const SETTINGS_MAX: usize = 64;
/// Keywords under which settings are written by more than one generator.
const KEYWORDS: [&str; 6] =
    ["parameters", "UserComment", "ImageDescription", "Comment", "Description", "description"];

/// What a generator says about its picture.
#[derive(Debug, Default, PartialEq, Eq)]
struct Generator {
    name: String,
    version: String,
    model: String,
    seed: String,
}

/// A mark for each generator that left its settings.
pub(super) fn read(texts: &[Text<'_>]) -> Vec<Mark> {
    let shared = texts.iter().filter(|text| KEYWORDS.contains(&&*text.keyword));
    let mut generators: Vec<Generator> = shared.filter_map(|text| settings(&text.value)).collect();
    let own = [comfy, invoke, dream, novel, midjourney, easy_diffusion];
    generators.extend(own.iter().filter_map(|read| read(texts)));
    generators.dedup();
    generators.iter().map(Generator::mark).collect()
}

impl Generator {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn mark(&self) -> Mark {
        Mark::new(Kind::GeneratorText, Claim::AiGenerated)
            .claimed_by(&self.name)
            .with("version", &self.version)
            .with("model", &self.model)
            .with("seed", &self.seed)
    }
}

/// The text that the container has under a keyword.
fn under<'t>(texts: &'t [Text<'_>], keyword: &str) -> Option<&'t str> {
    let is_it = |text: &&Text<'_>| text.section == Section::Container && text.keyword == keyword;
    texts.iter().find(is_it).map(|text| &*text.value)
}

fn object(text: &str) -> Option<Map<String, Value>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let parsed = serde_json::from_str(text);
    // ComfyUI writes NaN, which is no JSON.
    parsed.or_else(|_| serde_json::from_str(&text.replace("NaN", "null"))).ok()
}

/// A text, a number, or nothing.
fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Settings as a line or as an object.
fn settings(text: &str) -> Option<Generator> {
    object(text).map_or_else(|| read_line(text), |object| read_object(&object))
}

/// The last line that AUTOMATIC1111's web UI, and many after it, write:
/// `Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: x, Version: v1.10.1`.
fn read_line(text: &str) -> Option<Generator> {
    let line = text.lines().rev().map(str::trim).find(|line| line.starts_with("Steps: "))?;
    let fields = split_fields(line);
    let field = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    field("Steps")?.parse::<u32>().ok()?;
    field("Seed")?.parse::<i128>().ok()?;
    field("Sampler").or(field("CFG scale")).or(field("Guidance Scale")).or(field("Size"))?;
    let version = field("Version").unwrap_or_default();
    let civitai = field("Civitai resources");
    let name = match version {
        _ if civitai.is_some() => "Civitai",
        _ if version.starts_with("ComfyUI") => "ComfyUI",
        _ if version.starts_with("Fooocus") => "Fooocus",
        _ if version.starts_with('f') => "Stable Diffusion web UI Forge",
        _ if version.starts_with('v') => "Stable Diffusion web UI",
        _ => field("App").unwrap_or("a Stable Diffusion program"),
    };
    let checkpoint = civitai.and_then(civitai_checkpoint);
    let model = field("Model").map(str::to_owned).or(checkpoint).unwrap_or_default();
    let seed = field("Seed").unwrap_or_default().to_owned();
    Some(Generator { name: name.to_owned(), version: version.to_owned(), model, seed })
}

/// `Key: value, Key: "value, with comma", Key: [json]`.
fn split_fields(line: &str) -> Vec<(&str, &str)> {
    let (mut fields, mut rest) = (Vec::new(), line);
    while let Some((key, after)) = rest.split_once(": ") {
        let length = match after.as_bytes().first() {
            Some(b'"' | b'[' | b'{') => json_length(after),
            _ => None,
        };
        let length = length.or_else(|| after.find(", ")).unwrap_or(after.len());
        let (value, after) = after.split_at_checked(length).unwrap_or((after, ""));
        fields.push((key.trim(), value.trim()));
        rest = after.strip_prefix(", ").unwrap_or(after);
        if SETTINGS_MAX <= fields.len() {
            break;
        }
    }
    fields
}

fn json_length(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

fn civitai_checkpoint(resources: &str) -> Option<String> {
    let resources: Vec<Map<String, Value>> = serde_json::from_str(resources).ok()?;
    let is_checkpoint = |it: &&Map<String, Value>| plain(it.get("type")) == "checkpoint";
    let checkpoint = resources.iter().find(is_checkpoint)?;
    let (name, version) = (checkpoint.get("modelName"), checkpoint.get("modelVersionName"));
    Some(format!("{} {}", plain(name), plain(version)).trim().to_owned())
}

/// The object that Fooocus, SwarmUI, NovelAI, Draw Things and others write.
fn read_object(object: &Map<String, Value>) -> Option<Generator> {
    if let Some(Value::Object(inner)) = object.get("sui_image_params") {
        let (model, seed) = (plain(inner.get("model")), plain(inner.get("seed")));
        let version = plain(inner.get("swarm_version"));
        return Some(Generator { name: "SwarmUI".into(), version, model, seed });
    }
    let has = |name: &str| object.contains_key(name);
    let is_settings = has("seed") && (has("steps") || has("base_model"));
    if !is_settings || !["sampler", "base_model", "scale", "cfg_scale"].into_iter().any(has) {
        return None;
    }
    let version = plain(object.get("version"));
    let is_fooocus = version.starts_with("Fooocus") || has("base_model");
    let name = if is_fooocus { "Fooocus" } else { "an image generator" };
    let model = plain(object.get("base_model").or_else(|| object.get("model")));
    Some(Generator { name: name.into(), version, model, seed: plain(object.get("seed")) })
}

/// ComfyUI: a graph of nodes in the PNG texts `prompt` and `workflow`, in a WebP after these words
/// in EXIF's make and model.
fn comfy(texts: &[Text<'_>]) -> Option<Generator> {
    let in_exif = |prefix: &'static str| {
        let mut exif = texts.iter().filter(|text| text.section == Section::Exif);
        exif.find_map(|text| text.value.strip_prefix(prefix))
    };
    let prompt = under(texts, "prompt").or_else(|| in_exif("prompt:")).and_then(object);
    if let Some(nodes) = prompt.filter(is_comfy_prompt) {
        let inputs = || nodes.values().filter_map(|node| node.get("inputs"));
        let first = |names: &[&str]| {
            let found = |inputs: &Value| names.iter().map(|name| plain(inputs.get(name))).max();
            inputs().filter_map(found).find(|value| !value.is_empty()).unwrap_or_default()
        };
        let model = first(&["ckpt_name", "unet_name", "model_name"]);
        let seed = first(&["seed", "noise_seed"]);
        return Some(Generator { model, seed, ..Generator::named("ComfyUI") });
    }
    let workflow = under(texts, "workflow").or_else(|| in_exif("workflow:")).and_then(object)?;
    let Some(Value::Array(nodes)) = workflow.get("nodes") else { return None };
    let is_node = |node: &Value| node.get("type").is_some_and(Value::is_string);
    (!nodes.is_empty() && nodes.iter().all(is_node)).then(|| Generator::named("ComfyUI"))
}

fn is_comfy_prompt(nodes: &Map<String, Value>) -> bool {
    nodes.values().any(|node| {
        node.get("class_type").is_some_and(Value::is_string)
            && node.get("inputs").is_some_and(Value::is_object)
    })
}

/// InvokeAI: an object in `invokeai_metadata`, before that in `sd-metadata`.
fn invoke(texts: &[Text<'_>]) -> Option<Generator> {
    if let Some(object) = under(texts, "invokeai_metadata").and_then(object) {
        let model = object.get("model");
        let inner = model.and_then(|model| model.get("name").or_else(|| model.get("model_name")));
        let (model, seed) = (plain(inner.or(model)), plain(object.get("seed")));
        let version = plain(object.get("app_version"));
        let known = ["app_version", "generation_mode", "model", "positive_prompt"];
        let is_it = known.into_iter().any(|name| object.contains_key(name));
        return is_it.then(|| Generator { name: "InvokeAI".into(), version, model, seed });
    }
    let object = under(texts, "sd-metadata").and_then(object)?;
    let image = object.get("image").filter(|image| image.is_object())?;
    let model = plain(object.get("model_weights").or_else(|| object.get("model")));
    let version = plain(object.get("app_version"));
    Some(Generator { name: "InvokeAI".into(), version, model, seed: plain(image.get("seed")) })
}

/// The first form of InvokeAI: `"the prompt" -s 50 -S 12345 -W 512 -H 512`.
fn dream(texts: &[Text<'_>]) -> Option<Generator> {
    let text = under(texts, "Dream")?;
    let after = |flag: &str| {
        let mut words = text.split_whitespace().skip_while(|word| *word != flag);
        words.nth(1).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (seed, _steps) = (after("-S")?.to_owned(), after("-s")?);
    Some(Generator { seed, ..Generator::named("InvokeAI") })
}

/// NovelAI names itself in `Software`, its model in `Source`, its settings in `Comment`.
fn novel(texts: &[Text<'_>]) -> Option<Generator> {
    under(texts, "Software").filter(|name| *name == "NovelAI")?;
    let settings = object(under(texts, "Comment")?)?;
    let model = under(texts, "Source").unwrap_or_default().to_owned();
    let seed = plain(settings.get("seed"));
    Some(Generator { model, seed, ..Generator::named("NovelAI") })
}

/// Midjourney ends its description in the id of the job.
fn midjourney(texts: &[Text<'_>]) -> Option<Generator> {
    let keywords = ["Description", "ImageDescription", "description", "Comment"];
    let described = texts.iter().filter(|text| keywords.contains(&&*text.keyword));
    let job = described.filter_map(|text| text.value.rsplit_once("Job ID: "));
    let (before, _) = job.into_iter().find(|(_, id)| is_uuid(id.trim()))?;
    let mut words = before.split_whitespace().skip_while(|word| !["--v", "--niji"].contains(word));
    let version = words.nth(1).filter(|version| version.len() <= 4).unwrap_or_default().to_owned();
    Some(Generator { version, ..Generator::named("Midjourney") })
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let is_hex = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    is_hex && lengths.eq([8, 4, 4, 4, 12])
}

/// Easy Diffusion writes a text for each setting.
fn easy_diffusion(texts: &[Text<'_>]) -> Option<Generator> {
    let model = under(texts, "use_stable_diffusion_model")?.to_owned();
    let seed = under(texts, "seed")?.to_owned();
    Some(Generator { model, seed, ..Generator::named("Easy Diffusion") })
}
