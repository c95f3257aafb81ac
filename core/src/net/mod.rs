//! Running ONNX models with tract: one photo at a time, a fixed shape, plain f32.
//!
//! A [`Net`] takes a square of a photo. A [`Graph`] is a file of which parts are run by themselves,
//! from tensors named in it to others. Both are loaded once and shared between threads. tract is
//! fastest so: batches, open shapes and half-precision arithmetic all cost more than they save. A
//! file that is not the one its description names is refused.

mod error;
pub(crate) mod packed;

use std::io::Cursor;
use std::sync::Arc;

use image::RgbImage;
use ndarray::{Array4, ArrayD};
use sha2::{Digest, Sha256};
use tract_onnx::prelude::*;

pub use self::error::ModelError;

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

/// The operators of an ONNX file.
#[derive(Debug, Clone)]
pub struct Graph(InferenceModel);

/// A part of a graph, made ready to run. Clones share it.
#[derive(Debug, Clone)]
pub struct Part(Arc<TypedRunnableModel>);

/// A tensor of f32 on its way from one part to another. Clones share it.
#[derive(Debug, Clone)]
pub struct Values(TValue);

impl Graph {
    /// Reads an ONNX file whose SHA-256 is `sha256` (64 hexadecimal digits).
    ///
    /// # Errors
    /// [`ModelError`] when the file is another one or no graph that tract knows.
    pub fn read(bytes: &[u8], sha256: &str) -> Result<Self, ModelError> {
        check_digest(bytes, sha256)?;
        let onnx = tract_onnx::onnx();
        let mut file = onnx.proto_model_for_read(&mut Cursor::new(bytes)).map_err(load_error)?;
        packed::widen(file.graph.get_or_insert_default())?;
        let model = onnx.model_for_proto_model(&file).map_err(load_error)?;
        Ok(Self(model))
    }

    /// The part that computes the tensors named `outputs` from those named `inputs`, each of which
    /// comes with its shape.
    ///
    /// # Errors
    /// [`ModelError`] when there is no such tensor, or tract cannot run what lies between them.
    pub fn part(&self, inputs: &[(&str, &[usize])], outputs: &[&str]) -> Result<Part, ModelError> {
        self.plan(inputs, outputs).map(Part).map_err(load_error)
    }

    fn plan(
        &self,
        inputs: &[(&str, &[usize])],
        outputs: &[&str],
    ) -> TractResult<Arc<TypedRunnableModel>> {
        let mut model = self.0.clone();
        let outlet = |name: &str| {
            let labelled = self.0.find_outlet_label(name);
            let named = || self.0.node_by_name(name).map(|node| OutletId::new(node.id, 0));
            labelled.map_or_else(named, Ok)
        };
        let begin: Vec<_> =
            inputs.iter().map(|(name, _)| outlet(name)).collect::<Result<_, _>>()?;
        let end: Vec<_> = outputs.iter().map(|name| outlet(name)).collect::<Result<_, _>>()?;
        model.set_input_outlets(&begin)?;
        model.select_output_outlets(&end)?;
        // Drops what lies outside, and makes the inputs what a graph begins with.
        model.compact()?;
        for (number, (_, shape)) in inputs.iter().enumerate() {
            model.set_input_fact(number, f32::fact(*shape).into())?;
        }
        model.into_optimized()?.into_runnable()
    }
}

impl Part {
    /// Runs the part on its inputs; returns its outputs. Both are in the order in which they were
    /// named.
    ///
    /// # Errors
    /// [`ModelError::Load`] when tract fails, which it does not on inputs of the right shapes.
    pub fn run(&self, inputs: &[Values]) -> Result<Vec<Values>, ModelError> {
        let inputs = inputs.iter().map(|values| values.0.clone()).collect();
        let outputs = self.0.run(inputs).map_err(load_error)?;
        Ok(outputs.into_iter().map(Values).collect())
    }
}

impl Values {
    /// As an array.
    ///
    /// # Errors
    /// [`ModelError::Load`] when the tensor is not of f32.
    pub fn to_array(&self) -> Result<ArrayD<f32>, ModelError> {
        let view = self.0.to_plain_array_view::<f32>().map_err(load_error)?;
        Ok(view.to_owned())
    }
}

impl InputScale {
    /// The input tensor `[1, 3, side, side]` of `pixels`, which have exactly that side.
    #[must_use]
    pub fn values(&self, pixels: &RgbImage) -> Values {
        Values(Tensor::from(self.scaled(pixels)).into_tvalue())
    }

    fn scaled(&self, pixels: &RgbImage) -> Array4<f32> {
        let Self { side, mean, std } = *self;
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

impl Net {
    /// Loads an ONNX file whose SHA-256 is `sha256` (64 hexadecimal digits).
    ///
    /// # Errors
    /// [`ModelError`] when the file is another one or tract cannot run it.
    pub fn load(bytes: &[u8], sha256: &str, input: InputScale) -> Result<Self, ModelError> {
        check_digest(bytes, sha256)?;
        if input.side == 0 || input.std.iter().any(|std| *std <= 0.0) {
            return Err(ModelError::Unusable("its input side or deviation is not above 0".into()));
        }
        let plan = plan(bytes, input.side as usize)
            .map_err(|error| ModelError::Load(format!("{error:#}")))?;
        Ok(Self { plan, input })
    }

    /// Pixels along each side of the input.
    #[must_use]
    pub fn side(&self) -> u32 {
        self.input.side
    }

    /// Runs the model on `pixels` of exactly `side` by `side`; returns its outputs in their order.
    ///
    /// # Errors
    /// [`ModelError::Load`] when tract fails, which a model that was loaded does not.
    pub fn run(&self, pixels: &RgbImage) -> Result<Vec<ArrayD<f32>>, ModelError> {
        let outputs = self.plan.run(tvec!(self.input.values(pixels).0)).map_err(load_error)?;
        let arrays = outputs.into_iter().map(|output| {
            let view = output.to_plain_array_view::<f32>()?;
            Ok(view.to_owned())
        });
        arrays.collect::<TractResult<_>>().map_err(load_error)
    }
}

fn plan(bytes: &[u8], side: usize) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx()
        .model_for_read(&mut Cursor::new(bytes))?
        .with_input_fact(0, f32::fact([1, 3, side, side]).into())?
        .into_optimized()?
        .into_runnable()
}

fn check_digest(bytes: &[u8], sha256: &str) -> Result<(), ModelError> {
    let found = hex::encode(Sha256::digest(bytes));
    if found == sha256 {
        return Ok(());
    }
    Err(ModelError::Digest { expected: sha256.to_owned(), found })
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn load_error(error: TractError) -> ModelError {
    ModelError::Load(format!("{error:#}"))
}
