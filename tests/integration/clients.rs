//! What speaks for us in other languages, each with its own tests, against the real service: the
//! clients of `clients/` and the packages of `integrations/`.
//!
//! `PHOTOCHECK_API_TOOLS` names the folder of tools, as for `openapi::`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use photocheck::fetch::Addresses;
use temp_dir::TempDir;
use walkdir::WalkDir;

use crate::openapi::{command, run, said, tools};
use crate::support::{Service, Setup, root};
use crate::webhooks::telling;

/// Tells a test where the service is.
fn with_service(mut command: Command, service: &Service, key: &str) -> Command {
    command.env("PHOTOCHECK_URL", &service.url).env("PHOTOCHECK_KEY", key);
    command.env("PHOTOCHECK_FIXTURES", root().join("fixtures"));
    command
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

fn python(tools: &Path, args: &[&str]) -> Command {
    let mut python = command(&tools.join("bin/python"), args);
    // Nothing is written beside the sources.
    python.current_dir(root().join("clients/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    python.env("PYTHONPATH", "src");
    python
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_is_typed_and_does_what_it_says() {
    let Some(tools) = tools() else { return };
    let cache = TempDir::new().unwrap();
    let mut types = python(&tools, &["-m", "mypy", "--cache-dir"]);
    types.arg(cache.path()).args(["src", "tests"]);
    succeeded(&run(types).await);
    let (service, key) = telling(Setup::default()).await;
    let tests = python(&tools, &["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]);
    succeeded(&run(with_service(tests, &service, &key)).await);
}

/// A folder with copies of the packages in TypeScript, so that nothing is built beside the sources.
struct Workshop {
    folder: TempDir,
    tools: PathBuf,
}

impl Workshop {
    fn new(tools: &Path) -> Self {
        Self { folder: TempDir::new().unwrap(), tools: tools.join("node_modules") }
    }

    fn path(&self, package: &str) -> PathBuf {
        self.folder.path().join(package)
    }

    /// Copies a package, with links to what it depends on.
    fn copy(&self, package: &str, modules: &[(&str, PathBuf)]) {
        let from = root().join(package);
        let files = WalkDir::new(&from).into_iter().filter_entry(|entry| {
            entry.file_name() != "node_modules" && entry.file_name() != "dist"
        });
        for entry in files.map(Result::unwrap) {
            let to = self.path(package).join(entry.path().strip_prefix(&from).unwrap());
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(to).unwrap();
            } else {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
        let folder = self.path(package).join("node_modules");
        std::fs::create_dir(&folder).unwrap();
        for (name, path) in modules {
            std::os::unix::fs::symlink(path, folder.join(name)).unwrap();
        }
    }

    /// A module that npm installed.
    fn tool(&self, name: &'static str) -> (&'static str, PathBuf) {
        (name, self.tools.join(name))
    }

    /// Compiles a project of a package, as strictly as its settings say.
    async fn compile(&self, package: &str, project: &str) {
        let mut compile = command(&self.tools.join(".bin/tsc"), &["-p", project]);
        compile.current_dir(self.path(package));
        succeeded(&run(compile).await);
    }

    /// Builds the client.
    async fn build_client(&self) {
        self.copy(CLIENT, &[self.tool("@types"), self.tool("standardwebhooks")]);
        self.compile(CLIENT, ".").await;
    }

    /// Runs the tests of a package against a service.
    async fn test(&self, package: &str, service: &Service, key: &str) {
        self.compile(package, "tests").await;
        let tests = std::fs::read_dir(self.path(package).join("dist/tests")).unwrap();
        let tests = tests.map(|entry| entry.unwrap().path());
        let is_test = |path: &PathBuf| path.to_string_lossy().ends_with(".test.js");
        let tests: Vec<_> = tests.filter(is_test).collect();
        assert!(!tests.is_empty(), "{package} has no tests");
        let mut node = command(Path::new("node"), &["--test"]);
        node.args(tests).current_dir(self.path(package));
        succeeded(&run(with_service(node, service, key)).await);
    }
}

const CLIENT: &str = "clients/typescript";
const COOP: &str = "integrations/coop";
const LABELER: &str = "integrations/atproto-labeler";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_client_is_typed_and_does_what_it_says() {
    let Some(tools) = tools() else { return };
    let (service, key) = telling(Setup::default()).await;
    let workshop = Workshop::new(&tools);
    workshop.build_client().await;
    // Its types are those of the description.
    let described = workshop.path(CLIENT).join("tests/described");
    let mut describe = command(&workshop.tools.join(".bin/openapi-typescript"), &[]);
    describe.arg(service.at("/openapi.json")).arg("--output").arg(described.join("api.d.ts"));
    succeeded(&run(describe).await);
    workshop.compile(CLIENT, "tests/described").await;
    workshop.test(CLIENT, &service, &key).await;
}

/// A service that may fetch photos from this machine, and a key with all scopes.
async fn fetching() -> (Service, String) {
    let networks = vec!["127.0.0.1/32".parse().unwrap()];
    let fetch = Some(Addresses { networks, ..Addresses::default() });
    telling(Setup { fetch, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plugin_for_coop_scores_photos() {
    let Some(tools) = tools() else { return };
    let figures = root().join(COOP).join("figures.py");
    let mut check = command(&tools.join("bin/python"), &[]);
    check.arg(figures).arg("--check");
    succeeded(&run(check).await);
    let (service, key) = fetching().await;
    let workshop = Workshop::new(&tools);
    workshop.build_client().await;
    let (client, coop) = (workshop.path(CLIENT), workshop.path(COOP));
    let itself = ("coop-integration-photocheck", coop);
    workshop.copy(COOP, &[workshop.tool("@types"), ("photocheck", client), itself]);
    workshop.test(COOP, &service, &key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_labeler_for_atproto_labels_avatars() {
    let Some(tools) = tools() else { return };
    let (service, key) = fetching().await;
    let workshop = Workshop::new(&tools);
    workshop.build_client().await;
    let mut modules = vec![("photocheck", workshop.path(CLIENT))];
    modules.extend(["@ipld", "@noble", "@types", "cborg", "ws"].map(|name| workshop.tool(name)));
    workshop.copy(LABELER, &modules);
    workshop.test(LABELER, &service, &key).await;
}
