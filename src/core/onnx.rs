//! Running an ONNX model with tract: one photo at a time, a fixed shape, plain f32.
//!
//! A [`Net`] is loaded once and shared between threads. tract is fastest so: batches, open shapes
//! and half-precision arithmetic all cost more than they save (measured before the project began).
//! A model whose file is not the one its description names is refused.

use std::io::Cursor;
use std::sync::Arc;

use image::RgbImage;
use ndarray::{Array4, ArrayD};
use sha2::{Digest, Sha256};
use tract_onnx::prelude::*;

use crate::core::errors::ModelError;

/// How pixels become the numbers a model was trained on: `(value / 255 - mean) / std`, channels
/// red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputScale {
    /// Pixels along each side of the square input.
    pub side: u32,
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

/// A loaded model with one square RGB input. Clones share it.
#[derive(Debug, Clone)]
pub struct Net {
    plan: Arc<TypedRunnableModel>,
    input: InputScale,
}

impl Net {
    /// Loads an ONNX file whose SHA-256 is `sha256` (64 hexadecimal digits).
    ///
    /// # Errors
    /// [`ModelError`] when the file is another one or tract cannot run it.
    pub fn load(bytes: &[u8], sha256: &str, input: InputScale) -> Result<Self, ModelError> {
        let found = hex::encode(Sha256::digest(bytes));
        if found != sha256 {
            return Err(ModelError::Digest { expected: sha256.to_owned(), found });
        }
        if input.side == 0 || input.std.iter().any(|std| *std <= 0.0) {
            return Err(ModelError::Unusable("its input side or deviation is not above 0".into()));
        }
        let plan = plan_of(bytes, input.side as usize)
            .map_err(|error| ModelError::Load(format!("{error:#}")))?;
        Ok(Self { plan, input })
    }

    /// Pixels along each side of the input.
    #[must_use]
    pub fn side(&self) -> u32 {
        self.input.side
    }

    /// Runs the model on `pixels` of exactly `side` by `side`; gives its outputs in their order.
    ///
    /// # Errors
    /// [`ModelError::Load`] when tract fails, which a model that was loaded does not.
    pub fn run(&self, pixels: &RgbImage) -> Result<Vec<ArrayD<f32>>, ModelError> {
        let failed = |error: TractError| ModelError::Load(format!("{error:#}"));
        let tensor = Tensor::from(self.scaled(pixels));
        let outputs = self.plan.run(tvec!(tensor.into_tvalue())).map_err(failed)?;
        let arrays = outputs.into_iter().map(|output| {
            let view = output.to_plain_array_view::<f32>()?;
            Ok(view.to_owned())
        });
        arrays.collect::<TractResult<_>>().map_err(failed)
    }

    /// The input tensor, `[1, 3, side, side]`.
    fn scaled(&self, pixels: &RgbImage) -> Array4<f32> {
        let InputScale { side, mean, std } = self.input;
        assert!(pixels.dimensions() == (side, side), "the caller resizes to the input's side");
        let (pixels, _) = pixels.as_raw().as_chunks::<3>();
        let mut values = Vec::with_capacity(3 * pixels.len());
        for (channel, (mean, std)) in mean.iter().zip(std).enumerate() {
            let scaled = |value: u8| (f32::from(value) / 255.0 - mean) / std;
            let table: Vec<f32> = (0..=u8::MAX).map(scaled).collect();
            let of_channel = pixels.iter().filter_map(|pixel| pixel.get(channel));
            values.extend(of_channel.filter_map(|value| table.get(usize::from(*value))));
        }
        let side = side as usize;
        let tensor = Array4::from_shape_vec((1, 3, side, side), values);
        tensor.unwrap_or_else(|_| unreachable!("three channels of side times side values"))
    }
}

fn plan_of(bytes: &[u8], side: usize) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx()
        .model_for_read(&mut Cursor::new(bytes))?
        .with_input_fact(0, f32::fact([1, 3, side, side]).into())?
        .into_optimized()?
        .into_runnable()
}
