//! The trunk: a large pretrained network, unchanged, whose inner numbers the heads judge by.
//!
//! It is a vision transformer: it turns a square of a photo into tokens, one for the whole and one
//! for each cell of a grid, and changes them block by block. Heads of several versions share one
//! trunk file. It runs in two parts, up to the block at which a photo may leave early and the rest.

use image::RgbImage;
use serde::Deserialize;

use crate::net::ModelError;
use crate::net::{Graph, InputScale, Part, Values};

/// The name of the graph's input.
const INPUT: &str = "photo";

/// `trunk.toml`: which file it is and how it is fed.
#[derive(Debug, Clone, Deserialize)]
pub struct TrunkDescription {
    pub sha256: String,
    pub input: InputScale,
}

/// Numbers of a token, and pixels along the side of its cell: of every ViT-B/16.
const TOKEN_WIDTH: usize = 768;
const CELL_SIDE: usize = 16;

/// Which blocks are read: their names in the graph.
#[derive(Debug, Clone, Copy)]
pub struct Blocks<'a> {
    /// Read by the heads, from the photo's side on.
    pub taps: &'a [String],
    /// Where a photo may leave; the first part ends there.
    pub exit: Option<&'a str>,
}

/// A loaded trunk. Shared between threads.
#[derive(Debug)]
pub struct Trunk {
    input: InputScale,
    first: Part,
    /// Absent where the first part is all.
    rest: Option<Part>,
    taps_in_first: usize,
}

/// A square of which the first part has run.
#[derive(Debug)]
pub struct Begun {
    taps: Vec<Values>,
    /// The tokens at the exit, or at the end where there is no exit.
    pub tokens: Values,
}

impl Trunk {
    /// Makes the parts of a trunk ready that these blocks need.
    ///
    /// # Errors
    /// [`ModelError`] when the description is not valid, the file is another one, or it has no such
    /// blocks.
    pub fn load(onnx: &[u8], description: &str, blocks: Blocks) -> Result<Self, ModelError> {
        let TrunkDescription { sha256, input } = toml::from_str(description)?;
        let graph = Graph::read(onnx, &sha256)?;
        let side = input.side as usize;
        let photo = [1, 3, side, side];
        let taps: Vec<&str> = blocks.taps.iter().map(String::as_str).collect();
        let Some(exit) = blocks.exit else {
            let first = graph.part(&[(INPUT, &photo)], &taps)?;
            return Ok(Self { input, first, rest: None, taps_in_first: taps.len() });
        };
        let exit_number = block_number(exit)?;
        let (mut early, mut late) = (Vec::new(), Vec::new());
        for tap in taps {
            if block_number(tap)? <= exit_number { early.push(tap) } else { late.push(tap) }
        }
        let taps_in_first = early.len();
        early.push(exit);
        let first = graph.part(&[(INPUT, &photo)], &early)?;
        let rest = if late.is_empty() {
            None
        } else {
            Some(graph.part(&[(exit, &token_shape(input))], &late)?)
        };
        Ok(Self { input, first, rest, taps_in_first })
    }

    /// Pixels along each side of the square that it sees.
    #[must_use]
    pub fn side(&self) -> u32 {
        self.input.side
    }

    /// Shape of each block's output: `[1, tokens, numbers]`.
    #[must_use]
    pub fn tokens(&self) -> [usize; 3] {
        token_shape(self.input)
    }

    /// Runs the first part on a square of exactly that side.
    ///
    /// # Errors
    /// [`ModelError`] when tract fails.
    pub fn begin(&self, square: &RgbImage) -> Result<Begun, ModelError> {
        let mut taps = self.first.run(&[self.input.values(square)])?;
        let last = taps.last().cloned();
        let tokens = last.ok_or_else(|| ModelError::Unusable("its trunk has no output".into()))?;
        taps.truncate(self.taps_in_first);
        Ok(Begun { taps, tokens })
    }

    /// Runs the rest; returns the tokens of all taps, from the photo's side on.
    ///
    /// # Errors
    /// [`ModelError`] when tract fails.
    pub fn finish(&self, begun: Begun) -> Result<Vec<Values>, ModelError> {
        let Begun { mut taps, tokens } = begun;
        if let Some(rest) = &self.rest {
            taps.extend(rest.run(&[tokens])?);
        }
        Ok(taps)
    }
}

/// One token for the whole and one for each cell.
fn token_shape(input: InputScale) -> [usize; 3] {
    let cells = input.side as usize / CELL_SIDE;
    [1, 1 + cells * cells, TOKEN_WIDTH]
}

/// The number of a block named `block7`.
fn block_number(name: &str) -> Result<usize, ModelError> {
    let number = name.strip_prefix("block").and_then(|number| number.parse().ok());
    number.ok_or_else(|| ModelError::Unusable(format!("{name} is no block of its trunk")))
}
