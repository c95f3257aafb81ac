//! Which parts of a face speak for AI.

use ndarray::{ArrayD, Axis};

use super::description::Look;
use crate::photo::resize::PixelBox;

/// How much each cell of a grid over the face look adds to the score, as log-odds against the
/// average photo. The trunk's numbers are means and deviations over the picture and the heads are
/// linear around each photo, so each cell's share is exact; what fixed filters add is not in it.
/// After Zhou et al., "Learning Deep Features for Discriminative Localization", 2016, with
/// deviations.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// The look: x, y, width, height as fractions of the photo's sides.
    pub region: [f32; 4],
    /// Rows from the top, cells from the left; above 0 speaks for AI, below 0 against.
    pub rows: Vec<Vec<f32>>,
}

impl HeatMap {
    /// Reads the map of one look out of the model's second output, `[1, looks, rows, columns]`;
    /// `None` if it has another shape. `area` is the look in a photo of these sides.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    pub fn read(
        maps: &ArrayD<f32>,
        look: &Look,
        area: PixelBox,
        (width, height): (u32, u32),
    ) -> Option<Self> {
        let [1, looks, ..] = maps.shape() else { return None };
        if maps.ndim() != 4 || *looks <= look.head {
            return None;
        }
        let cells = maps.index_axis(Axis(0), 0);
        let cells = cells.index_axis(Axis(0), look.head);
        let row = |row: ndarray::ArrayViewD<'_, f32>| -> Vec<f32> {
            row.iter().map(|cell| look.weight * cell).collect()
        };
        let (width, height) = (width as f32, height as f32);
        let PixelBox { x, y, width: across, height: down } = area;
        let region =
            [x as f32 / width, y as f32 / height, across as f32 / width, down as f32 / height];
        Some(Self { region, rows: cells.outer_iter().map(row).collect() })
    }
}
