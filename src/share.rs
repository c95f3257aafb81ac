//! A share of all: of traces that are recorded, of photos that a candidate checks too.

use std::str::FromStr;

use crate::ids;

/// A share of all, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let share = text.parse::<f64>().map_err(|error| error.to_string())?;
        if !(0.0..=1.0).contains(&share) {
            return Err("a share is a number from 0 to 1".to_owned());
        }
        Ok(Self(share))
    }
}

impl Share {
    /// All of them.
    pub const ALL: Self = Self(1.0);

    /// Whether this one is among them.
    #[must_use]
    pub fn draw(self) -> bool {
        // 32 random bits are exact in a double.
        f64::from(u32::from_ne_bytes(ids::random())) < self.0 * (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_from_0_to_1() {
        for text in ["-0.1", "1.01", "NaN", "half"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
        let (none, all) = ("0".parse::<Share>().unwrap(), "1".parse::<Share>().unwrap());
        assert_eq!(all, Share::ALL);
        assert!((0..100).all(|_| all.draw() && !none.draw()));
    }
}
