//! The catalogue of error codes: it has each code of the program, and `docs/errors.md` is it.

use std::collections::BTreeSet;

use photocheck::http::errors;

use crate::support::root;

/// Set `PHOTOCHECK_WRITE_DOCS` to write the page anew.
#[test]
fn the_page_is_made_of_the_catalogue() {
    let path = root().join("docs/errors.md");
    if std::env::var_os("PHOTOCHECK_WRITE_DOCS").is_some() {
        std::fs::write(&path, errors::page()).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap();
    let advice = "run this test with PHOTOCHECK_WRITE_DOCS=1 to write it anew";
    assert!(page == errors::page(), "docs/errors.md is not what the code says: {advice}");
}

/// Files in which errors get their codes.
const SOURCES: [&str; 14] = [
    "core/src/bank.rs",
    "core/src/photo/error.rs",
    "src/accounts.rs",
    "src/app/error.rs",
    "src/exchange/error.rs",
    "src/fetch/error.rs",
    "src/http/banks.rs",
    "src/http/contents.rs",
    "src/http/problem.rs",
    "src/store/error.rs",
    "src/tenancy/denied.rs",
    "src/tenancy/key_scope.rs",
    "src/tenancy/tenant.rs",
    "src/webhooks/event.rs",
];

#[test]
fn the_catalogue_has_every_code_of_the_program() {
    let mut written = BTreeSet::new();
    for source in SOURCES {
        let text = std::fs::read_to_string(root().join(source)).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let found = codes(code);
        assert!(!found.is_empty(), "{source} has no code");
        written.extend(found);
    }
    written.extend(codes(&std::fs::read_to_string(root().join("src/wire/mod.rs")).unwrap()));
    // Examples, codes of reports and a variable, which are no errors.
    let others = ["ROMANCE_SCAM", "ROMANCE_SCAM_2026", "SEEN", "SYNTHETIC_FACE", "NO_BANKS"];
    for other in others.into_iter().chain(["PHOTOCHECK_ACCOUNT_KEY"]) {
        written.remove(other);
    }
    let known: BTreeSet<_> = errors::all().map(|entry| entry.code.to_owned()).collect();
    assert_eq!(known.len(), errors::all().count(), "a code is there twice");
    assert_eq!(written, known);
}

/// Texts of capital letters.
fn codes(source: &str) -> BTreeSet<String> {
    let texts = source.split('"').skip(1).step_by(2);
    let is_code = |text: &&str| {
        3 < text.len() && text.bytes().all(|c| c.is_ascii_uppercase() || c == b'_')
            || text.starts_with("ROMANCE_SCAM")
    };
    texts.filter(is_code).map(ToOwned::to_owned).collect()
}
