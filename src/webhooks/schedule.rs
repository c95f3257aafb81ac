//! When a message is sent again that did not arrive: soon at first, then ever later, for a day.

/// Seconds after each attempt until the next, before jitter.
const AFTER_S: [u32; 10] =
    [5, 30, 2 * 60, 10 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600, 6 * 3600, 10 * 3600];

/// Seconds after which an endpoint is switched off to which nothing arrived in that time.
pub const SWITCHED_OFF_AFTER_S: i64 = 3 * 24 * 60 * 60;

/// Seconds until a message is sent again that was sent `attempts` times; `None` when it was sent as
/// often as it is. `jitter` is any byte: what failed together is not sent together again.
#[must_use]
pub fn due_in_s(attempts: u32, jitter: u8) -> Option<u32> {
    let after_s = *AFTER_S.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    // From four fifths to six fifths of it.
    let spread = u64::from(after_s) * 2 * u64::from(jitter) / (5 * 255);
    Some(after_s - after_s / 5 + u32::try_from(spread).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_sent_for_about_a_day_and_ever_more_seldom() {
        let all = |jitter| (1..).map_while(|attempts| due_in_s(attempts, jitter)).collect();
        let (early, late): (Vec<_>, Vec<_>) = (all(0), all(255));
        assert_eq!((early.len(), early[0], late[0]), (10, 4, 6));
        assert!(early.is_sorted() && late.is_sorted());
        let hours = |all: &[u32]| all.iter().sum::<u32>() / 3600;
        assert_eq!((hours(&early), hours(&late)), (18, 28));
        assert_eq!(due_in_s(0, 7), None);
        assert_eq!(due_in_s(11, 7), None);
    }
}
