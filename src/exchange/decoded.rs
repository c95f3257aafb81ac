//! Text as UTF-8, whatever the file is encoded in.
//!
//! Spreadsheets and Windows PowerShell write UTF-16, with a byte order mark or without one. Every
//! format begins with an ASCII character, so a zero byte beside the first one means UTF-16 too. All
//! else is passed on as it is. A unit that is no character becomes a byte that is not UTF-8, so
//! that its line is refused and not changed.

use std::io::{self, BufRead, Chain, Cursor, Read};

/// Stands for what is no character: no byte of UTF-8 has this value.
const NO_CHARACTER: u8 = 0xFF;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Decoded<R> {
    input: Chain<Cursor<Vec<u8>>, R>,
    utf16: Option<Utf16>,
}

/// Units that were read, and what is left of them.
#[derive(Debug, Default)]
struct Utf16 {
    big_endian: bool,
    /// The first byte of a unit whose second one has not been read yet.
    half: Option<u8>,
    /// The first unit of a pair whose second one has not been read yet.
    high: Option<u16>,
    /// Decoded text, and how much of it was taken.
    text: Vec<u8>,
    taken: usize,
}

impl<R: BufRead> Decoded<R> {
    /// Reads the first two bytes to detect the encoding.
    pub fn new(mut input: R) -> io::Result<Self> {
        let mut head = Vec::new();
        input.by_ref().take(2).read_to_end(&mut head)?;
        let big_endian = match head[..] {
            [0xFE, 0xFF] => Some(true),
            [0xFF, 0xFE] => Some(false),
            [0, first] if first != 0 => Some(true),
            [first, 0] if first != 0 => Some(false),
            _ => None,
        };
        if matches!(head[..], [0xFE, 0xFF] | [0xFF, 0xFE]) {
            head.clear();
        }
        let utf16 = big_endian.map(|big_endian| Utf16 { big_endian, ..Utf16::default() });
        Ok(Self { input: Cursor::new(head).chain(input), utf16 })
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let Some(utf16) = &mut self.utf16 else { return self.input.fill_buf() };
        while utf16.left().is_empty() {
            utf16.text.clear();
            utf16.taken = 0;
            let bytes = self.input.fill_buf()?;
            let read = bytes.len();
            if read == 0 {
                utf16.end();
                break;
            }
            for byte in bytes {
                utf16.push(*byte);
            }
            self.input.consume(read);
        }
        Ok(utf16.left())
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.utf16 {
            None => self.input.consume(amount),
            Some(utf16) => utf16.taken += amount,
        }
    }
}

impl Utf16 {
    fn left(&self) -> &[u8] {
        self.text.get(self.taken..).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        let Some(first) = self.half.take() else {
            self.half = Some(byte);
            return;
        };
        let pair = [first, byte];
        let unit =
            if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        let high = self.high.take();
        if (0xD800..0xDC00).contains(&unit) {
            self.text.extend(high.map(|_| NO_CHARACTER));
            self.high = Some(unit);
            return;
        }
        for character in char::decode_utf16(high.into_iter().chain([unit])) {
            match character {
                Ok(character) => {
                    let mut buffer = [0; 4];
                    self.text.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                }
                Err(_) => self.text.push(NO_CHARACTER),
            }
        }
    }

    /// What is left over at the end of the file is no character.
    fn end(&mut self) {
        let is_cut = self.half.take().is_some() | self.high.take().is_some();
        self.text.extend(is_cut.then_some(NO_CHARACTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The bytes, which come in pieces of this length.
    fn decoded(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut text = Vec::new();
        let input = io::BufReader::with_capacity(piece, bytes);
        Decoded::new(input).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    fn encoded(text: &str, big_endian: bool) -> Vec<u8> {
        let units = text.encode_utf16();
        let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        units.flat_map(bytes).collect()
    }

    proptest! {
        #[test]
        fn text_in_any_encoding_is_the_text(
            text in "[a-f0-9]{1,9}\\PC{0,20}", big_endian: bool, piece in 1..9_usize
        ) {
            prop_assert_eq!(&decoded(text.as_bytes(), piece), text.as_bytes());
            let utf16 = encoded(&text, big_endian);
            prop_assert_eq!(&decoded(&utf16, piece), text.as_bytes(), "without a mark");
            let marked = [encoded("\u{FEFF}", big_endian), utf16].concat();
            prop_assert_eq!(&decoded(&marked, piece), text.as_bytes());
        }
    }

    #[test]
    fn what_is_no_character_is_no_utf8() {
        let check = |units: &[u16], rest: &[u8], expected: &[u8]| {
            let units: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            assert_eq!(decoded(&[b"\xFF\xFE", &units[..], rest].concat(), 3), expected);
        };
        check(&[0x61, 0xD800, 0x62], &[], b"a\xFFb");
        check(&[0xD800, 0xD83D, 0xDE42], &[], b"\xFF\xF0\x9F\x99\x82");
        check(&[0xDC00, 0x61], &[], b"\xFFa");
        check(&[0x61, 0xD800], &[], b"a\xFF");
        check(&[0x61], &[0x62], b"a\xFF");
        check(&[], &[], b"");
    }
}
