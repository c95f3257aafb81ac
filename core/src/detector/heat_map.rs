//! Which parts of a face speak for AI.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::description::Crop;
use crate::photo::resize::PixelBox;
use crate::region::Region;
use crate::signals::HeatMap;

/// Reads the map of one crop out of the model's second output, `[1, crops, rows, columns]`; `None`
/// if it has another shape. `area` is the crop in a photo of these sides.
///
/// The trunk's numbers are means and deviations over the picture and the heads are linear around
/// each photo, so each cell's share is exact; what fixed filters add is not in it. After Zhou et
/// al., "Learning Deep Features for Discriminative Localization", 2016, with deviations.
#[must_use]
pub fn read(
    maps: &ArrayD<f32>,
    crop: &Crop,
    area: PixelBox,
    (width, height): (u32, u32),
) -> Option<HeatMap> {
    let [1, crops, ..] = maps.shape() else { return None };
    if maps.ndim() != 4 || *crops <= crop.head {
        return None;
    }
    let cells = maps.index_axis(Axis(0), 0);
    let cells = cells.index_axis(Axis(0), crop.head);
    let row = |row: ArrayViewD<'_, f32>| -> Vec<f32> {
        row.iter().map(|cell| crop.weight * cell).collect()
    };
    let rows = cells.outer_iter().map(row).collect();
    Some(HeatMap { region: Region::from_pixels(area, width, height), rows })
}
