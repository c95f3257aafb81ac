//! Huffman codes of a JPEG, followed without making a picture of them.

/// A Huffman table (ITU-T T.81, annex C).
#[derive(Debug)]
pub struct Table {
    /// For every start of [`SHORT`] bits: length of the code and its symbol; 0 for a longer code.
    short: Vec<(u8, u8)>,
    /// By length: the first code above those of this length, moved up to 16 bits.
    ends: [u32; 17],
    /// By length: what to add to a code for the index of its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

const SHORT: u32 = 9;

impl Table {
    /// Reads a table; returns it and what follows. `None` when it is cut off or has too many codes.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<(Self, &[u8])> {
        let (counts, rest) = body.split_first_chunk::<16>()?;
        let count = counts.iter().map(|count| usize::from(*count)).sum();
        let (symbols, rest) = rest.split_at_checked(count)?;
        let mut table = Self {
            short: vec![(0, 0); 1 << SHORT],
            ends: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index, mut next) = (0_u32, 0_i32, symbols.iter());
        for (length, count) in (1_u8..).zip(counts) {
            let at = usize::from(length);
            *table.offsets.get_mut(at)? = index - i32::try_from(code).ok()?;
            for symbol in next.by_ref().take(usize::from(*count)) {
                if u32::from(length) <= SHORT {
                    let free = SHORT - u32::from(length);
                    let from = usize::try_from(code << free).ok()?;
                    let part = table.short.get_mut(from..from + (1 << free))?;
                    part.fill((length, *symbol));
                }
                code += 1;
            }
            if 1 << length < code {
                return None;
            }
            index += i32::from(*count);
            *table.ends.get_mut(at)? = code << (16 - length);
            code <<= 1;
        }
        Some((table, rest))
    }

    /// Length and symbol of the code at the start of 16 bits; `None` when there is no such code.
    #[inline]
    fn find(&self, bits: u32) -> Option<(u8, u8)> {
        let (length, symbol) = *self.short.get((bits >> (16 - SHORT)) as usize)?;
        if length != 0 {
            return Some((length, symbol));
        }
        for (length, (end, offset)) in (0_u8..).zip(self.ends.iter().zip(&self.offsets)).skip(10) {
            if bits < *end {
                let code = i32::try_from(bits >> (16 - length)).ok()?;
                let symbol = self.symbols.get(usize::try_from(code + offset).ok()?)?;
                return Some((length, *symbol));
            }
        }
        None
    }
}

/// The bits of a scan. At a marker or the end of the file zeros follow, as in every decoder.
#[derive(Debug)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte that is not yet among the bits.
    at: usize,
    /// The next bits, from the highest on.
    next: u64,
    count: u32,
    /// How many of the bits are zeros that do not stand in the file.
    made_up: u32,
}

impl<'a> Bits<'a> {
    /// The bits from `at` on.
    #[must_use]
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, next: 0, count: 0, made_up: 0 }
    }

    /// Sees to it that at least 32 bits are at hand.
    #[inline]
    fn fill(&mut self) {
        if 32 <= self.count {
            return;
        }
        if let Some(four) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            let four = u32::from_be_bytes(*four);
            let without = !four;
            // Whether a byte of `without` is zero, which is one of 0xFF in the file.
            if without.wrapping_sub(0x0101_0101) & four & 0x8080_8080 == 0 {
                self.next |= u64::from(four) << (32 - self.count);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        self.fill_by_bytes();
    }

    fn fill_by_bytes(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xFF, 0x00, ..]) => {
                    self.at += 2;
                    0xFF
                }
                Some([0xFF, ..] | []) | None => {
                    self.made_up += 8;
                    0
                }
                Some([byte, ..]) => {
                    self.at += 1;
                    *byte
                }
            };
            self.next |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline]
    fn pass(&mut self, count: u32) {
        self.next <<= count;
        self.count -= count;
    }

    /// The next symbol; `None` when the bits are no code.
    #[inline]
    pub fn symbol(&mut self, table: &Table) -> Option<u8> {
        self.fill();
        let (length, symbol) = table.find((self.next >> 48) as u32)?;
        self.pass(length.into());
        Some(symbol)
    }

    /// Passes over at most 16 bits after a symbol.
    #[inline]
    pub fn skip(&mut self, count: u8) {
        self.pass(u32::from(count.min(16)));
    }

    /// The next bits as a number, at most 16 of them.
    #[inline]
    pub fn number(&mut self, count: u8) -> u32 {
        self.fill();
        let count = u32::from(count.min(16));
        let number = (self.next >> 32 >> (32 - count)) as u32;
        self.pass(count);
        number
    }

    /// Whether all that was read so far stood in the file.
    #[inline]
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.made_up <= self.count
    }

    /// Whether the next 32 bits are zeros.
    #[inline]
    pub fn are_zeros(&mut self) -> bool {
        self.fill();
        self.next >> 32 == 0
    }

    /// About where the bits stand that come next: the first byte that was not yet taken.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Goes on behind the next marker when it is a restart; `false` when it is another one.
    pub fn restart(&mut self) -> bool {
        let mut at = self.at;
        let is_restart = loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(found) = rest.iter().position(|byte| *byte == 0xFF) else { break false };
            at += found;
            match self.bytes.get(at + 1) {
                Some(0x00) => at += 2,
                Some(0xFF) => at += 1,
                Some(0xD0..=0xD7) => break true,
                _ => break false,
            }
        };
        if is_restart {
            *self = Self::new(self.bytes, at + 2);
        }
        is_restart
    }
}
