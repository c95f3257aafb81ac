#![no_main]

use libfuzzer_sys::fuzz_target;
use photocheck_fuzz::container;
use photocheck_fuzz::core::photo::PhotoFormat;

fuzz_target!(|bytes: &[u8]| container(bytes, PhotoFormat::Heic));
