//! The Python module of `python/`, and the engines that run it: their rows are those of `bulk run`.
//!
//! Cargo builds the module with the tests. `PHOTOCHECK_ENGINE_TOOLS` names a folder of Python with
//! Ray in it; `PHOTOCHECK_API_TOOLS`, as for `openapi::`, one with mypy.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use photocheck::app::live_index::LiveIndex;
use photocheck::store::Store;
use temp_dir::TempDir;

use crate::openapi::{command, said, tools};
use crate::support::bulk::{Job, photo, printed};
use crate::support::{checker, fixture, half_size_jpeg, photocheck, root};

/// The package as it is installed, the module of Rust among the files in Python.
struct Package {
    folder: TempDir,
}

impl Package {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let package = folder.path().join("photocheck");
        std::fs::create_dir(&package).unwrap();
        for file in std::fs::read_dir(root().join("python/package/photocheck")).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), package.join(file.file_name())).unwrap();
            }
        }
        // Built into the folder of this very program.
        let built = std::env::current_exe().unwrap();
        let module = built.parent().unwrap().join("libphotocheck_python.so");
        std::os::unix::fs::symlink(module, package.join("_native.abi3.so")).unwrap();
        Self { folder }
    }

    /// A script of `tests/python`.
    fn script(&self, python: &Path, name: &str, args: &[&OsStr]) -> Command {
        let mut script = command(python, &[]);
        script.arg(root().join("tests/python").join(name)).args(args);
        script.env("PYTHONPATH", self.folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        script
    }

    fn run(&self, python: &Path, name: &str, args: &[&OsStr]) {
        let output = self.script(python, name, args).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// Some photos, one of which is banked, and what `bulk run` says of them.
struct Checked {
    job: Job,
    snapshot: PathBuf,
}

impl Checked {
    fn new() -> Self {
        let job = Job::new();
        job.put("stolen.jpg", half_size_jpeg(&fixture("photos/real-collins.png"), 80));
        job.put("ai.jpg", half_size_jpeg(&fixture("photos/ai-portrait-1.jpg"), 90));
        job.put("hopper.jpg", half_size_jpeg(&fixture("photos/real-hopper.jpg"), 90));
        job.put("damaged.jpg", fixture("hostile/truncated.jpg"));
        job.put("notes.txt", "no picture");
        (0..5).for_each(|seed| drop(job.put(&format!("{seed}.jpg"), photo(seed))));
        let banked = job.folder.path().join("original.png");
        std::fs::write(&banked, fixture("photos/real-collins.png")).unwrap();
        let listed = job.folder.path().join("scam.ndjson");
        let (banked, listed) = (banked.to_str().unwrap(), listed.to_str().unwrap());
        for words in [
            &["bank", "create", "--create", "SCAM"][..],
            &["bank", "add", "SCAM", banked],
            &["bank", "export", "SCAM", "--output", listed],
        ] {
            let output = photocheck(job.db(), words.iter().copied());
            assert!(output.status.success(), "{}", said(&output));
        }
        let snapshot = snapshot_of(job.db());
        let output = job.run("job", &[&job.input("")], &[]);
        assert_eq!(output.status.code(), Some(3), "{}", printed(&output).1);
        assert!(job.rows("job").iter().any(|row| row["bank"] == "SCAM"));
        Self { job, snapshot }
    }

    fn photos(&self) -> PathBuf {
        self.job.input("")
    }
}

/// Has the snapshot of a database written, as a service does.
fn snapshot_of(db: &str) -> PathBuf {
    let quality_min = checker().matcher().thresholds().pdq_quality_min;
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(db).await.unwrap();
        LiveIndex::load(store.clone(), quality_min).await.unwrap().compact().await.unwrap();
        let snapshot = store.snapshot().unwrap().to_owned();
        store.close().await;
        snapshot
    })
}

#[test]
fn the_module_and_ray_say_what_bulk_says() {
    let (package, checked) = (Package::new(), Checked::new());
    let (photos, job) = (checked.photos(), checked.job.out("job"));
    let (photos, job) = (photos.as_os_str(), job.as_os_str());
    let (snapshot, listed) =
        (checked.snapshot.as_os_str(), checked.job.folder.path().join("scam.ndjson"));
    let database = OsStr::new(checked.job.db());
    let module = [photos, job, database, snapshot, listed.as_os_str()];
    package.run(Path::new("python3"), "module.py", &module);
    if let Some(engines) = engines() {
        package.run(&engines.join("bin/python"), "on_ray.py", &[photos, job, snapshot]);
    }
}

/// The folder of the engines; `None`, said in one line, where it is not at hand. In CI it must be.
fn engines() -> Option<PathBuf> {
    let engines = std::env::var_os("PHOTOCHECK_ENGINE_TOOLS").map(PathBuf::from);
    if engines.is_none() {
        let needed = std::env::var_os("CI").is_some();
        assert!(!needed, "in CI PHOTOCHECK_ENGINE_TOOLS must name a folder");
        eprintln!("skipped: PHOTOCHECK_ENGINE_TOOLS does not name a folder with Ray");
    }
    engines
}

#[test]
fn the_package_is_typed() {
    let Some(tools) = tools() else { return };
    let cache = TempDir::new().unwrap();
    let mut types = command(&tools.join("bin/python"), &["-m", "mypy", "--cache-dir"]);
    types.arg(cache.path()).args(["package", "../tests/python/module.py"]);
    types.args(["../tests/python/rows.py"]).current_dir(root().join("python"));
    let output = types.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
