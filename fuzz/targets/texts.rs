//! See the crate's root.
#![no_main]

use libfuzzer_sys::fuzz_target;
use photocheck_core::provenance::blocks::{Blocks, Section, Text};
use photocheck_core::provenance::read_blocks;
use photocheck_fuzz::hold;

// Lines of `keyword:text`, each read as if it were in the container, in EXIF and in XMP.
fuzz_target!(|lines: &str| {
    let mut texts = Vec::new();
    for (keyword, value) in lines.split('\r').filter_map(|line| line.split_once(':')) {
        for section in [Section::Container, Section::Exif, Section::Xmp] {
            texts.push(Text { section, keyword: keyword.into(), value: value.into() });
        }
    }
    hold(&read_blocks(&Blocks { texts, ..Blocks::default() }));
});
