//! Small pictures for the page of a job, with what was found laid over them.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use photocheck_core::photo::Photo;
use photocheck_core::photo::resize::shrink_to;
use serde_json::Value;

use crate::bulk::entry::read_file;

/// Pixels along the longer side.
const SIDE: u32 = 160;
/// Of JPEG.
const QUALITY: u8 = 80;

/// Whether there are pictures at all.
#[derive(Debug, Clone, Copy)]
pub struct Thumbnails {
    pub are_wanted: bool,
}

impl Thumbnails {
    /// The picture of a file, with what a report says about where something was found; nothing if
    /// it is not wanted or cannot be read any more.
    #[must_use]
    pub fn of(self, file: Option<&str>, report: Option<&Value>) -> String {
        let Some(file) = file.filter(|_| self.are_wanted) else { return String::new() };
        let Some((jpeg, width, height)) = picture(file) else {
            return "<span class=\"none\">not there any more</span>".into();
        };
        let mut svg = format!(
            "<svg class=\"thumb\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\"><image href=\"data:image/jpeg;base64,{}\" width=\"{width}\" \
             height=\"{height}\"/>",
            STANDARD.encode(jpeg)
        );
        let scale = (f64::from(width), f64::from(height));
        if let Some(report) = report {
            let evidence = |pointer: &str| report.pointer(pointer).unwrap_or(&Value::Null);
            add_heat_map(&mut svg, evidence("/evidence/synthetic/heat_map"), scale);
            add_box(&mut svg, evidence("/evidence/synthetic/face"), "face", scale);
            add_box(&mut svg, evidence("/evidence/matches/0/region"), "match", scale);
        }
        svg + "</svg>"
    }
}

fn picture(file: &str) -> Option<(Vec<u8>, u32, u32)> {
    let photo = Photo::decode(&read_file(file.as_ref()).ok()?).ok()?;
    let small = shrink_to(photo.pixels(), SIDE);
    let mut jpeg = Vec::new();
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).ok()?;
    Some((jpeg, small.width(), small.height()))
}

/// A rectangle in fractions of the picture.
fn sides(value: &Value) -> Option<[f64; 4]> {
    let side = |name: &str| value.get(name)?.as_f64();
    Some([side("x")?, side("y")?, side("width")?, side("height")?])
}

fn add_box(svg: &mut String, region: &Value, class: &str, (width, height): (f64, f64)) {
    if let Some([x, y, wide, high]) = sides(region) {
        let (x, y, wide, high) = (x * width, y * height, wide * width, high * height);
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" \
             height=\"{high:.1}\"/>"
        );
    }
}

/// Cells that speak for AI, the stronger the redder.
fn add_heat_map(svg: &mut String, map: &Value, (width, height): (f64, f64)) {
    /// Log-odds from which a cell is as red as can be.
    const FULL: f64 = 2.0;
    let (region, rows) = (map.get("region").and_then(sides), map.get("rows"));
    let (Some([left, top, wide, high]), Some(rows)) = (region, rows.and_then(Value::as_array))
    else {
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "a map has some hundred cells")]
    let share = |place: usize, count: usize| place as f64 / count.max(1) as f64;
    for (y, row) in rows.iter().enumerate() {
        let Some(cells) = row.as_array() else { continue };
        for (x, cell) in cells.iter().enumerate() {
            let strength = (cell.as_f64().unwrap_or_default() / FULL).clamp(0.0, 1.0) * 0.6;
            if strength < 0.05 {
                continue;
            }
            let _ = write!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#e5322d\" \
                 fill-opacity=\"{strength:.2}\"/>",
                (left + wide * share(x, cells.len())) * width,
                (top + high * share(y, rows.len())) * height,
                wide * share(1, cells.len()) * width,
                high * share(1, rows.len()) * height,
            );
        }
    }
}
