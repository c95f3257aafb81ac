//! Rates as people read them: so many of so many.

/// A rate as a count: of 100, or of a thousand and more if it is rarer.
#[must_use]
pub fn counted(rate: f64) -> (u32, u32) {
    if rate < 0.01 { (1, one_in(rate)) } else { (rounded(rate * 100.0), 100) }
}

/// A rare rate as one of so many.
#[must_use]
pub fn one_in(rate: f64) -> u32 {
    rounded(1.0 / rate)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
fn rounded(number: f64) -> u32 {
    number.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_counts_of_a_hundred_or_one_of_more() {
        for (rate, expected) in
            [(0.01, (1, 100)), (0.05, (5, 100)), (0.3, (30, 100)), (0.001, (1, 1000))]
        {
            assert_eq!(counted(rate), expected);
        }
        assert_eq!(one_in(2e-6), 500_000);
    }
}
