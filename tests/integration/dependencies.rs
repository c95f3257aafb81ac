//! What the program is made of: licences, sources and crates that must stay out.

use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseItem, ParseMode};

use crate::support::root;

/// Licences that may be used for part of a program under MIT or Apache-2.0.
const LICENCES: [&str; 11] = [
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    // The public domain; of a crate that is compiled for WebAssembly alone.
    "CC0-1.0",
    "ISC",
    "MIT",
    // Changes to files of the crate itself would have to be published; there are none.
    "MPL-2.0",
    // libFuzzer, of the fuzz targets alone.
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in by a change of features, and why.
const BANNED: [(&str, &str); 4] = [
    ("openssl-sys", "cryptography in C; c2pa is built with its own in Rust"),
    ("native-tls", "it brings openssl-sys"),
    ("libheif-sys", "HEIC is read by a decoder in safe Rust"),
    ("dav1d-sys", "no decoder in C reads the photos of strangers"),
];

fn packages() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    // Only what is compiled here: crates of other systems may not have been downloaded.
    cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let output = cargo.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].take();
    serde_json::from_value(packages).unwrap()
}

fn is_allowed(licence: &str) -> bool {
    // Old manifests separate licences by a slash.
    let mode = ParseMode { allow_slash_as_or_operator: true, ..ParseMode::STRICT };
    let expression = Expression::parse_mode(licence, mode).unwrap();
    expression.evaluate(|it| match &it.license {
        LicenseItem::Spdx { id, .. } => LICENCES.contains(&id.name),
        LicenseItem::Other { .. } => false,
    })
}

#[test]
fn every_crate_has_a_licence_that_we_may_use_and_comes_from_the_registry() {
    let packages = packages();
    assert!(300 < packages.len());
    for package in &packages {
        let (name, licence) = (package["name"].as_str().unwrap(), package["license"].as_str());
        assert!(licence.is_some_and(is_allowed), "{name}: {licence:?}");
        let source = package["source"].as_str();
        let is_ours = source.is_none() && name.starts_with("photocheck");
        assert!(is_ours || source.is_some_and(|it| it.starts_with("registry+")), "{name}");
        let banned = BANNED.iter().find(|(banned, _)| *banned == name);
        assert_eq!(banned, None);
    }
}

#[test]
fn licences_are_read_as_they_are_written() {
    for (licence, allowed) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("MIT OR GPL-3.0-only", true),
        ("GPL-3.0-only", false),
        ("MIT AND AGPL-3.0-only", false),
    ] {
        assert_eq!(is_allowed(licence), allowed, "{licence}");
    }
}
