//! How far a share that was counted may be from the true one.

/// Counts are exact in f64 far beyond anything that is counted here.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

/// The interval of a share at 95 %; `None` of nothing (Wilson, "Probable Inference, the Law
/// of Succession, and Statistical Inference", 1927).
#[must_use]
pub fn wilson(count: u64, total: u64) -> Option<(f64, f64)> {
    /// Deviations of the normal distribution that hold 95 %.
    const Z: f64 = 1.959_964;
    if total == 0 {
        return None;
    }
    let (total, share) = (number(total), number(count) / number(total));
    let middle = share + Z * Z / (2.0 * total);
    let half = Z * (share * (1.0 - share) / total + Z * Z / (4.0 * total * total)).sqrt();
    let scale = 1.0 + Z * Z / total;
    Some((((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 81 of 263 gives 25.5 to 36.6 % in Newcombe, "Two-sided confidence intervals for the single
    /// proportion", 1998, table I, method 3; so do the cases without and with nothing but hits.
    #[test]
    fn wilson_intervals_are_those_of_the_literature() {
        for (count, total, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]
        {
            let found = wilson(count, total).unwrap();
            assert!((found.0 - low).abs() < 6e-5 && (found.1 - high).abs() < 6e-5, "{found:?}");
        }
        assert_eq!(wilson(0, 0), None);
    }
}
