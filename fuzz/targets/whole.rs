//! See the crate's root.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| photocheck_fuzz::whole(bytes));
