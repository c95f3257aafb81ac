//! See the crate's root.
#![no_main]

use libfuzzer_sys::fuzz_target;
use photocheck_core::photo::PhotoFormat;
use photocheck_fuzz::container;

fuzz_target!(|bytes: &[u8]| container(bytes, PhotoFormat::WebP));
