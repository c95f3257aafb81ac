//! Lines of a stream, each of a bounded length.

use std::io::{self, BufRead, Read};

/// A line, or the start of one that is too long.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// Lines of `input` that end in `end`, without it, of at most `bytes_max` bytes. What is longer is
/// skipped.
pub fn lines<R: BufRead>(
    mut input: R,
    end: u8,
    bytes_max: u64,
) -> impl Iterator<Item = io::Result<Line>> {
    std::iter::from_fn(move || next(&mut input, end, bytes_max).transpose())
}

fn next(input: &mut impl BufRead, end: u8, bytes_max: u64) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    if input.by_ref().take(bytes_max + 1).read_until(end, &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop_if(|last| *last == end).is_some() || (line.len() as u64) <= bytes_max {
        return Ok(Some(Line::Whole(line)));
    }
    // Skips the rest, a piece at a time.
    loop {
        line.clear();
        let read = input.by_ref().take(64 * 1024).read_until(end, &mut line)?;
        if read == 0 || line.last() == Some(&end) {
            return Ok(Some(Line::TooLong));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_is_read() {
        let found: Vec<Line> =
            lines(&b"abc\n\nabcdef\nab\nabcdefg"[..], b'\n', 3).map(Result::unwrap).collect();
        let whole = |text: &str| Line::Whole(text.into());
        let expected = [whole("abc"), whole(""), Line::TooLong, whole("ab"), Line::TooLong];
        assert_eq!(found, expected);
    }
}
