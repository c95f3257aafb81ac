//! See the crate's root.
#![no_main]

use libfuzzer_sys::fuzz_target;
use photocheck_core::provenance::blocks::Blocks;
use photocheck_core::provenance::read_blocks;
use photocheck_fuzz::hold;

fuzz_target!(|bytes: &[u8]| {
    hold(&read_blocks(&Blocks { xmp: vec![bytes.into()], ..Blocks::default() }));
});
