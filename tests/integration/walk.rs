//! The walk of docs/walk.md: from the first key to a verified log, with the real program.

use crate::openapi::{command, run, said, tools};
use crate::support::{Place, fixture_path, root};

/// Small, so that it is checked soon.
const PHOTO: &str = "edge/png-8.png";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_first_key_to_a_verified_log() {
    let Some(tools) = tools() else { return };
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let mut walk = command(&tools.join("bin/python"), &["-B"]);
        walk.arg(root().join("tests/walk/walk.py"));
        walk.args([env!("CARGO_BIN_EXE_photocheck"), &place.url]).arg(fixture_path(PHOTO));
        walk.env("PYTHONPATH", root().join("clients/python/src"));
        let output = run(walk).await;
        assert!(output.status.success(), "{}", said(&output));
        let steps = String::from_utf8_lossy(&output.stdout);
        let last = steps.lines().last().unwrap_or_default();
        assert!(last.starts_with("audit log verified: "), "{steps}");
    }
}
