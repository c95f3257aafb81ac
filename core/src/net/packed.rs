//! Weights of few bits in an ONNX file, widened when the file is read.
//!
//! A matrix of `bits` bits a weight lies in the file as arrays of bytes beside the nodes that turn
//! them into numbers, so that any runtime can run the file. Letting tract fold those nodes takes it
//! seconds and gigabytes, so they are folded here: the arrays become one plain matrix under the
//! name of the last node, which is dropped. `training/08_export_trunk.py` writes such files.
//!
//! Matrix `M` of shape `[rows, columns]` is `M.step`, f16 `[groups, 1, columns]`, and one array a
//! power of two in the number of bits: `M.bits0`, and `M.bitsN` for the bits from the N-th on. A
//! byte of an array of 4, 2 or 1 bits holds 2, 4 or 8 weights of one row, a half, a quarter or an
//! eighth of the columns apart, the first in its lowest bits. A weight is the bits, less half their
//! range, times the step of its group of rows and its column.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, TensorProto};
use tract_onnx::prelude::f16;

use super::error::ModelError;

/// Replaces all packed matrices of a graph by plain ones.
///
/// # Errors
/// [`ModelError`] when an array has not the size that belongs to its matrix.
pub fn widen(graph: &mut GraphProto) -> Result<(), ModelError> {
    let initializers = std::mem::take(&mut graph.initializer);
    let is_packed = |tensor: &TensorProto| {
        tensor.name.strip_suffix(".step").is_some() || bits_below(&tensor.name).is_some()
    };
    let (packed, mut plain): (Vec<_>, Vec<_>) = initializers.into_iter().partition(is_packed);
    let mut matrices: HashMap<&str, Vec<&TensorProto>> = HashMap::new();
    for tensor in &packed {
        let matrix = tensor.name.rsplit_once('.').map_or("", |(matrix, _)| matrix);
        matrices.entry(matrix).or_default().push(tensor);
    }
    let wide = matrices.iter().map(|(name, arrays)| {
        let broken = || ModelError::Unusable(format!("its packed matrix {name} is broken"));
        unpack(name, arrays).ok_or_else(broken)
    });
    let wide: Vec<TensorProto> = wide.collect::<Result<_, _>>()?;
    let names: Vec<&str> = wide.iter().map(|matrix| matrix.name.as_str()).collect();
    let is_widened = |name: &String| names.contains(&name.as_str());
    graph.node.retain(|node| !node.output.iter().any(is_widened));
    // What led to these nodes leads nowhere now.
    while drop_unused(graph) {}
    plain.extend(wide);
    graph.initializer = plain;
    Ok(())
}

/// Drops nodes whose outputs nobody takes; whether there were any.
fn drop_unused(graph: &mut GraphProto) -> bool {
    let taken: std::collections::HashSet<String> = graph
        .node
        .iter()
        .flat_map(|node| node.input.iter())
        .chain(graph.output.iter().map(|output| &output.name))
        .cloned()
        .collect();
    let before = graph.node.len();
    graph.node.retain(|node| node.output.iter().any(|output| taken.contains(output)));
    graph.node.len() < before
}

/// From `M.bitsN` the number of bits that lie below this array's.
fn bits_below(name: &str) -> Option<u32> {
    name.rsplit_once(".bits")?.1.parse().ok()
}

/// The plain matrix `M.matrix`; `None` where the arrays do not fit together.
fn unpack(name: &str, arrays: &[&TensorProto]) -> Option<TensorProto> {
    let step = arrays.iter().find(|tensor| tensor.name.strip_suffix(".step").is_some())?;
    let [groups, 1, columns] = step.dims.as_slice() else { return None };
    let (groups, columns) = (usize::try_from(*groups).ok()?, usize::try_from(*columns).ok()?);
    let mut fields: Vec<(u32, &TensorProto)> =
        arrays.iter().filter_map(|tensor| Some((bits_below(&tensor.name)?, *tensor))).collect();
    fields.sort_by_key(|(below, _)| *below);
    let rows = usize::try_from(*fields.first()?.1.dims.first()?).ok()?;
    let mut whole = vec![0_u8; rows * columns];
    let mut bits = 0;
    for (below, field) in fields {
        let [field_rows, width] = field.dims.as_slice() else { return None };
        let (field_rows, width) =
            (usize::try_from(*field_rows).ok()?, usize::try_from(*width).ok()?);
        let fits =
            below == bits && field_rows == rows && 0 < width && columns.is_multiple_of(width);
        let count = columns.checked_div(width)?;
        if !fits || field.raw_data.len() != rows * width || ![1, 2, 4, 8].contains(&count) {
            return None;
        }
        let size = u32::try_from(8 / count).ok()?;
        add_field(&mut whole, &field.raw_data, (columns, width), (below, size));
        bits += size;
    }
    let steps: Vec<f32> = halves(&step.raw_data).collect();
    if 8 < bits || steps.len() != groups * columns || groups == 0 || !rows.is_multiple_of(groups) {
        return None;
    }
    let half = f32::from(1_u8.checked_shl(bits - 1)?);
    let by_group = whole.chunks(rows / groups * columns).zip(steps.chunks(columns));
    let mut raw_data = Vec::with_capacity(4 * whole.len());
    for (group, steps) in by_group {
        for row in group.chunks(columns) {
            let weights =
                row.iter().zip(steps).map(|(bits, step)| (f32::from(*bits) - half) * step);
            raw_data.extend(weights.flat_map(f32::to_le_bytes));
        }
    }
    let dims = vec![i64::try_from(rows).ok()?, i64::try_from(columns).ok()?];
    let data_type = DataType::Float as i32;
    Some(TensorProto {
        name: format!("{name}.matrix"),
        dims,
        data_type,
        raw_data,
        ..Default::default()
    })
}

/// Adds the bits of one array, `size` of them a weight, above the `below` bits that are there.
fn add_field(
    whole: &mut [u8],
    bytes: &[u8],
    (columns, width): (usize, usize),
    (below, size): (u32, u32),
) {
    let mask = u8::MAX >> (8 - size);
    for (row, packed) in whole.chunks_mut(columns).zip(bytes.chunks(width)) {
        for (piece, shift) in row.chunks_mut(width).zip((0..8).step_by(size as usize)) {
            for (weight, byte) in piece.iter_mut().zip(packed) {
                *weight |= ((byte >> shift) & mask) << below;
            }
        }
    }
}

/// Numbers of 16 bits, as f32.
fn halves(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tract_onnx::pb::NodeProto;

    fn tensor(name: &str, dims: &[i64], raw_data: Vec<u8>) -> TensorProto {
        TensorProto { name: name.into(), dims: dims.to_vec(), raw_data, ..Default::default() }
    }

    fn node(inputs: &[&str], output: &str) -> NodeProto {
        let input = inputs.iter().map(|name| (*name).to_owned()).collect();
        NodeProto { input, output: vec![output.into()], ..Default::default() }
    }

    fn packed() -> GraphProto {
        // Two rows of eight weights of five bits, in two groups of one row.
        let weights: [[u8; 8]; 2] = [[0, 5, 10, 15, 16, 21, 26, 31], [31, 0, 1, 2, 3, 4, 30, 29]];
        let low = |row: [u8; 8]| (0..4).map(move |at| row[at] & 15 | (row[at + 4] & 15) << 4);
        let high = |row: [u8; 8]| (0..8).map(|at| (row[at] >> 4) << at).sum::<u8>();
        let steps = [0.5_f32, 2.0].map(|step| [step; 8]).concat();
        let steps = steps.into_iter().flat_map(|step| f16::from_f32(step).to_le_bytes()).collect();
        GraphProto {
            initializer: vec![
                tensor("M.bits0", &[2, 4], weights.into_iter().flat_map(low).collect()),
                tensor("M.bits4", &[2, 1], weights.into_iter().map(high).collect()),
                tensor("M.step", &[2, 1, 8], steps),
                tensor("bias", &[8], vec![0; 32]),
            ],
            node: vec![
                node(&["M.bits0"], "a"),
                node(&["M.bits4", "a"], "b"),
                node(&["M.step", "b"], "M.matrix"),
                node(&["photo", "M.matrix", "bias"], "block1"),
            ],
            output: vec![tract_onnx::pb::ValueInfoProto {
                name: "block1".into(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    #[test]
    fn a_packed_matrix_becomes_a_plain_one_and_its_nodes_go() {
        let mut graph = packed();
        widen(&mut graph).unwrap();
        let outputs: Vec<_> = graph.node.iter().flat_map(|node| node.output.clone()).collect();
        assert_eq!(outputs, ["block1"]);
        let matrix = graph.initializer.iter().find(|tensor| tensor.name == "M.matrix").unwrap();
        assert_eq!((matrix.dims.as_slice(), graph.initializer.len()), ([2, 8].as_slice(), 2));
        let (floats, _) = matrix.raw_data.as_chunks::<4>();
        let found: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let first = [-8.0, -5.5, -3.0, -0.5, 0.0, 2.5, 5.0, 7.5];
        let second = [30.0, -32.0, -30.0, -28.0, -26.0, -24.0, 28.0, 26.0];
        assert_eq!(found, [first, second].concat());
    }

    #[test]
    fn arrays_that_do_not_fit_together_are_refused() {
        for broken in [0, 1, 2] {
            let mut graph = packed();
            graph.initializer[broken].raw_data.pop();
            assert!(widen(&mut graph).is_err(), "array {broken}");
        }
    }
}
