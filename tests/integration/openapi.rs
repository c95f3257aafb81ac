//! The API's description is valid and true: others' tools read it, make clients of it, and try them
//! and it against a real service.
//!
//! `PHOTOCHECK_API_TOOLS` names a folder with a Python environment and npm's modules; `.ci/run`
//! makes it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use temp_dir::TempDir;

use photocheck::tenancy::KeyScope;

use crate::support::keys::make_key;
use crate::support::{Service, Setup, fixture_path, root};

const TOKEN: &str = "geheim";

/// The folder of the tools; `None`, said in one line, where it is not at hand. In CI it must be.
pub fn tools() -> Option<PathBuf> {
    let tools = std::env::var_os("PHOTOCHECK_API_TOOLS").map(PathBuf::from);
    if tools.is_none() {
        let needed = std::env::var_os("CI").is_some();
        assert!(!needed, "in CI PHOTOCHECK_API_TOOLS must name a folder");
        eprintln!("skipped: PHOTOCHECK_API_TOOLS does not name a folder of tools");
    }
    tools
}

async fn service() -> Service {
    Service::start_with(Setup { bank_token: Some(TOKEN), ..Setup::default() }).await
}

/// Writes the description to a file of the folder.
async fn describe(service: &Service, folder: &TempDir) -> PathBuf {
    let api = service.client.get(service.at("/openapi.json")).send().await.unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, api.bytes().await.unwrap()).unwrap();
    file
}

/// Runs a tool to its end beside the service, which answers on other threads.
pub async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub fn said(output: &Output) -> String {
    let Output { status, stdout, stderr } = output;
    format!("{status}\n{}\n{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
}

pub fn command(program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_valid() {
    let Some(tools) = tools() else { return };
    let (service, folder) = (service().await, TempDir::new().unwrap());
    let file = describe(&service, &folder).await;
    let output =
        run(command(&tools.join("bin/openapi-spec-validator"), &[file.to_str().unwrap()])).await;
    assert!(output.status.success(), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_client_is_made_and_works() {
    let Some(tools) = tools() else { return };
    let (service, folder) = (service().await, TempDir::new().unwrap());
    let file = describe(&service, &folder).await;
    let package = folder.path().join("photocheck_client");
    let args = ["generate", "--meta", "none", "--fail-on-warning", "--path"];
    let mut generate = command(&tools.join("bin/openapi-python-client"), &args);
    generate.arg(&file).arg("--output-path").arg(&package);
    // It formats what it wrote by ruff, which came with it.
    let path = std::env::var("PATH").unwrap_or_default();
    generate.env("PATH", format!("{}:{path}", tools.join("bin").display()));
    let output = run(generate).await;
    assert!(output.status.success(), "{}", said(&output));
    let mut client = command(&tools.join("bin/python"), &[]);
    client.arg(root().join("tests/clients/python_client.py")).args([&service.url, TOKEN]);
    client.arg(fixture_path("photos/ai-portrait-1.jpg")).env("PYTHONPATH", folder.path());
    let output = run(client).await;
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "checked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typescript_client_is_typed_and_works() {
    let Some(tools) = tools() else { return };
    let (service, folder) = (service().await, TempDir::new().unwrap());
    let file = describe(&service, &folder).await;
    let modules = folder.path().join("node_modules");
    std::os::unix::fs::symlink(tools.join("node_modules"), &modules).unwrap();
    let programs = modules.join(".bin");
    let at = |name: &str| folder.path().join(name);
    let mut generate = command(&programs.join("openapi-typescript"), &[]);
    generate.arg(&file).arg("--output").arg(at("api.d.ts"));
    let output = run(generate).await;
    assert!(output.status.success(), "{}", said(&output));
    let types = std::fs::read_to_string(at("api.d.ts")).unwrap();
    assert!(!types.contains("number[];"), "bytes are no lists of numbers");
    let source = root().join("tests/clients/typescript_client.ts");
    std::fs::copy(source, at("client.ts")).unwrap();
    std::fs::write(at("package.json"), r#"{"type": "module"}"#).unwrap();
    let args = ["--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"];
    let mut compile = command(&programs.join("tsc"), &args);
    compile.arg("--skipLibCheck").args(["--types", "node", "client.ts"]).current_dir(folder.path());
    let output = run(compile).await;
    assert!(output.status.success(), "{}", said(&output));
    let mut client = Command::new("node");
    client.arg(at("client.js")).args([&service.url, TOKEN]);
    client.arg(fixture_path("photos/ai-portrait-1.jpg"));
    let output = run(client).await;
    assert!(output.status.success(), "{}", said(&output));
}

/// Every operation with values of every kind, valid and not: nothing that the description does not
/// say, and nothing that fails here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_nothing() {
    let Some(tools) = tools() else { return };
    let (service, folder) = (service().await, TempDir::new().unwrap());
    // Named as the description names it, so that each operation is tried without it too.
    let config = folder.path().join("schemathesis.toml");
    let key = make_key(&service, "default", KeyScope::ALL).await;
    let named = format!("[auth.openapi.api_key]\nbearer = '{key}'\n");
    let named = format!("{named}[auth.openapi.bank_token]\nbearer = '{TOKEN}'\n");
    std::fs::write(&config, named).unwrap();
    let address = service.at("/openapi.json");
    let mut search = command(&tools.join("bin/schemathesis"), &["--config-file"]);
    search.arg(config).args(["run", &address, "--checks", "all", "--seed", "1"]);
    search.args(["--max-examples", "20", "--request-timeout", "120"]);
    search.args(["--suppress-health-check", "all", "--no-color"]);
    search.env("SCHEMATHESIS_HOOKS", root().join("tests/clients/schemathesis_hooks.py"));
    search.env("PHOTOCHECK_FIXTURES", root().join("fixtures")).current_dir(folder.path());
    let output = run(search).await;
    assert!(output.status.success(), "{}", said(&output));
}
