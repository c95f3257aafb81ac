//! Colour profiles, written as ICC.1 has them: version 2, three primaries and one curve.

/// X, Y and Z of red, green and blue under D50.
pub type Primaries = [[f64; 3]; 3];

pub const SRGB: Primaries =
    [[0.4361, 0.2225, 0.0139], [0.3851, 0.7169, 0.0971], [0.1431, 0.0606, 0.7141]];
pub const P3: Primaries =
    [[0.5151, 0.2412, -0.0011], [0.2920, 0.6922, 0.0419], [0.1571, 0.0666, 0.7841]];

/// A curve of 256 places, from the stored value's share to that of the light.
pub fn curve(light: impl Fn(f64) -> f64) -> Vec<u16> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 65,535")]
    let value = |place: u16| (65_535.0 * light(f64::from(place) / 255.0)).round() as u16;
    (0..256).map(value).collect()
}

/// A profile of a screen.
pub fn profile(primaries: Primaries, curve: &[u16]) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
    let fixed = |value: f64| ((value * 65_536.0).round() as i32).to_be_bytes();
    let xyz = |values: [f64; 3]| [b"XYZ \0\0\0\0".to_vec(), values.map(fixed).concat()].concat();
    let count = u32::try_from(curve.len()).unwrap().to_be_bytes();
    let curve = curve.iter().flat_map(|value| value.to_be_bytes()).collect();
    let curve = [b"curv\0\0\0\0".to_vec(), count.to_vec(), curve].concat();
    let [red, green, blue] = primaries.map(xyz);
    let tags = [
        (b"wtpt", xyz([0.9642, 1.0, 0.8249])),
        (b"rXYZ", red),
        (b"gXYZ", green),
        (b"bXYZ", blue),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    let (mut table, mut data) = (number(tags.len()).to_vec(), Vec::new());
    let start = 128 + 4 + 12 * tags.len();
    for (name, value) in &tags {
        table.extend([name.as_slice(), &number(start + data.len()), &number(value.len())].concat());
        data.extend(value);
    }
    let mut head = number(start + data.len()).to_vec();
    head.extend(b"\0\0\0\0\x02\x10\0\0mntrRGB XYZ \x07\xEA\0\x01\0\x01\0\0\0\0\0\0acsp");
    head.resize(68, 0);
    head.extend([0.9642, 1.0, 0.8249].map(fixed).concat());
    head.resize(128, 0);
    [head, table, data].concat()
}
