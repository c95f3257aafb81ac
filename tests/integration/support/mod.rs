//! The real program in each of its forms, and the fixtures.

pub mod browser;
pub mod bulk;
pub mod colours;
pub mod imports;
pub mod keys;
pub mod marks;
pub mod nginx;
pub mod postgres;
pub mod reviewing;
pub mod serve;

use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, OnceLock};

use photocheck::accounts::AccountKey;
use photocheck::app::App;
use photocheck::app::access::{AccessConfig, BankToken};
use photocheck::app::live_index::LiveIndex;
use photocheck::app::models;
use photocheck::app::sightings::Sightings;
use photocheck::config::{
    BundledPolicy, Config, DatabaseConfig, GateConfig, LaterConfig, Lookups, ModelsConfig, Origin,
    PolicyChoice, SightingsConfig,
};
use photocheck::fetch::Addresses;
use photocheck::http;
use photocheck::http::arrival::Pace;
use photocheck::http::client_limit::ClientLimiters;
use photocheck::http::room::Room;
use photocheck::receipts::SigningKeys;
use photocheck::store::{NewBank, Opening, Store};
use photocheck::tenancy::TenantId;
use photocheck_core::bank::{BankFacts, BankName, Purpose};
use photocheck_core::checker::Checker;
use photocheck_core::detector::trunk_name;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::Value;
use temp_dir::TempDir;
use tokio::net::TcpListener;

use postgres::PostgresDatabase;

/// `fixtures/index.toml`.
#[derive(Debug, Deserialize)]
pub struct Fixtures {
    pub photo: Vec<PhotoFixture>,
    pub edge: Vec<EdgeFixture>,
    pub hostile: Vec<HostileFixture>,
}

#[derive(Debug, Deserialize)]
pub struct PhotoFixture {
    pub path: String,
    pub label: u8,
    pub origin: String,
    pub licence: String,
    pub pdq: String,
    pub pdq_quality: u8,
}

#[derive(Debug, Deserialize)]
pub struct EdgeFixture {
    pub path: String,
    pub format: String,
    pub size: [u32; 2],
    pub like: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct HostileFixture {
    pub path: String,
    pub code: Option<String>,
}

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The path of a fixture.
pub fn fixture_path(path: &str) -> PathBuf {
    root().join("fixtures").join(path)
}

/// The bytes of a fixture.
pub fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(fixture_path(path)).unwrap()
}

/// All fixtures and what must happen to them.
pub fn fixtures() -> Fixtures {
    toml::from_str(&std::fs::read_to_string(fixture_path("index.toml")).unwrap()).unwrap()
}

/// A folder of the shared data beside the project; `None`, said in one line, where it is not at
/// hand. In CI it must be.
pub fn shared(path: &str) -> Option<PathBuf> {
    let found = root().join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var_os("CI").is_none(), "in CI ../shared/{path} must be there");
    eprintln!("skipped: ../shared/{path} is not here");
    None
}

/// The bundled models and policy, loaded once.
pub fn checker() -> Arc<Checker> {
    checker_by(BundledPolicy::Strict)
}

/// The bundled models and this policy, loaded once.
pub fn checker_by(policy: BundledPolicy) -> Arc<Checker> {
    static STRICT: OnceLock<Arc<Checker>> = OnceLock::new();
    static LABEL: OnceLock<Arc<Checker>> = OnceLock::new();
    let loaded = match policy {
        BundledPolicy::Strict => &STRICT,
        BundledPolicy::Label => &LABEL,
    };
    let config = ModelsConfig { model: None, policy: PolicyChoice::Bundled(policy) };
    Arc::clone(loaded.get_or_init(|| Arc::new(models::load_checker(&config).unwrap())))
}

/// A folder of a model made from the bundled one: `description` is its changed `model.toml`. The
/// trunk stands beside it, as in `models/`.
pub fn model_like_the_bundled(folder: &TempDir, change: impl FnOnce(String) -> String) -> PathBuf {
    let (models, model) = (root().join("models"), folder.path().join("another"));
    let bundled = models.join(checker().model());
    let description = std::fs::read_to_string(bundled.join("model.toml")).unwrap();
    std::fs::create_dir(&model).unwrap();
    for file in ["heads.onnx", "exit.onnx"] {
        std::os::unix::fs::symlink(bundled.join(file), model.join(file)).unwrap();
    }
    let trunk = trunk_name(&description).unwrap();
    std::os::unix::fs::symlink(models.join(&trunk), folder.path().join(trunk)).unwrap();
    std::fs::write(model.join("model.toml"), change(description)).unwrap();
    model
}

/// A copy as somebody would make it: half the size, saved as JPEG of this quality.
pub fn half_size_jpeg(photo: &[u8], quality: u8) -> Vec<u8> {
    let photo = image::load_from_memory(photo).unwrap().into_rgb8();
    let (width, height) = (photo.width() / 2, photo.height() / 2);
    let filter = image::imageops::FilterType::CatmullRom;
    let half = image::imageops::resize(&photo, width, height, filter);
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(&half)
        .unwrap();
    bytes
}

/// Runs the real binary on a database of its own.
pub fn photocheck<'a>(db: &str, args: impl IntoIterator<Item = &'a str>) -> Output {
    command(db).args(args).output().unwrap()
}

/// The same, with this on its standard input.
pub fn photocheck_fed<'a>(
    db: &str,
    args: impl IntoIterator<Item = &'a str>,
    input: &[u8],
) -> Output {
    let mut command = command(db);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that wants no more closes it.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// The real binary on a database of its own.
pub fn command(db: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_photocheck"));
    command.env("PHOTOCHECK_DB", db).env("PHOTOCHECK_ACCOUNT_KEY", ACCOUNT_KEY);
    command
}

/// The codes of a report's reasons.
pub fn codes(report: &Value) -> Vec<&str> {
    let reasons = report["reasons"].as_array().unwrap();
    reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

/// A form with the photo, for more fields to be added.
pub fn photo_form(photo: Vec<u8>) -> Form {
    Form::new().part("photo", Part::bytes(photo).file_name("photo"))
}

/// A folder that goes away with the test, and the URL of a database that is not there yet.
pub fn temporary_place() -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.sqlite").display());
    (folder, url)
}

/// A folder that goes away with the test, and the URL of an empty database in it.
pub fn temporary_db() -> (TempDir, String) {
    let (folder, url) = temporary_place();
    let made = url.clone();
    // On a thread of its own: the test may have a runtime, and one inside another cannot wait.
    let make = move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { Store::open(&made).await.unwrap().close().await });
    };
    std::thread::spawn(make).join().unwrap();
    (folder, url)
}

/// A database that is not there yet, or empty, and goes away with the test.
pub struct Place {
    pub url: String,
    _folder: Option<TempDir>,
    _server: Option<PostgresDatabase>,
}

impl Place {
    /// SQLite in a file.
    pub fn in_file() -> Self {
        let (folder, url) = temporary_place();
        Self { url, _folder: Some(folder), _server: None }
    }

    /// PostgreSQL; `None`, said in one line, where there is none.
    pub fn on_server() -> Option<Self> {
        let server = PostgresDatabase::create()?;
        Some(Self { url: server.url.clone(), _folder: None, _server: Some(server) })
    }

    /// The kind that `PHOTOCHECK_TEST_DB` asks for: with `postgres`, services run on PostgreSQL.
    pub fn as_asked() -> Self {
        match std::env::var("PHOTOCHECK_TEST_DB").as_deref() {
            Ok("postgres") => Self::on_server().unwrap(),
            _ => Self::in_file(),
        }
    }
}

/// A real service on a free port, over a temporary database.
pub struct Service {
    pub app: App,
    pub url: String,
    pub metrics_url: String,
    pub db: String,
    pub client: Client,
    pub store: Store,
    pub live: LiveIndex,
    pub sightings: Option<Sightings>,
    _place: Option<Place>,
}

/// How a service is set up.
pub struct Setup {
    pub cores: usize,
    pub waiting_max: usize,
    /// Without one the banks are open to everybody.
    pub bank_token: Option<&'static str>,
    /// Whether calls need a key before there is one.
    pub require_keys: bool,
    /// A bank of sightings, which is created.
    pub sightings_bank: Option<&'static str>,
    pub pace: Pace,
    /// Memory for bodies on their way in beside the reserve, or as the program has it.
    pub room: Option<Room>,
    pub opening: Opening,
    /// Another service's database, or one of its own.
    pub db: Option<String>,
    /// Whose pages may call it.
    pub origins: Vec<Origin>,
    /// Of one client, or no limit.
    pub requests_per_minute: Option<NonZeroU32>,
    pub policy: BundledPolicy,
    /// From where photos are fetched.
    pub fetch: Option<Addresses>,
    pub later: LaterConfig,
    /// Where webhooks may be sent.
    pub webhook_addresses: Addresses,
    pub receipt_keys: Option<SigningKeys>,
    /// Whether HMA's interface is there.
    pub hma: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            cores: 2,
            waiting_max: 64,
            bank_token: None,
            require_keys: false,
            sightings_bank: None,
            pace: Pace::default(),
            room: None,
            opening: Opening { create: true, ..Opening::default() },
            db: None,
            origins: Vec::new(),
            requests_per_minute: None,
            policy: BundledPolicy::Strict,
            fetch: None,
            later: LaterConfig::default(),
            webhook_addresses: Addresses::default(),
            receipt_keys: None,
            hma: false,
        }
    }
}

/// The secret of the tests, also for the real binary.
pub const ACCOUNT_KEY: &str = "a secret of the tests, long enough";

/// A bank named and purposed like this.
pub fn new_bank(name: &str, purpose: Purpose) -> NewBank {
    NewBank { name: BankName::new(name).unwrap(), purpose, imported: false, created_at: 1 }
}

/// Creates a bank and returns what statements need of it.
pub async fn create_bank(store: &Store, name: &str, purpose: Purpose) -> BankFacts {
    store.create_bank(TenantId::DEFAULT, &new_bank(name, purpose)).await.unwrap()
}

impl Service {
    pub async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    pub async fn start_with(setup: Setup) -> Self {
        // Opening everything is a large future, which would be part of every test's.
        Box::pin(Self::start_now(setup)).await
    }

    async fn start_now(setup: Setup) -> Self {
        let place = setup.db.is_none().then(Place::as_asked);
        let own_db = || place.as_ref().unwrap().url.clone();
        let db = setup.db.unwrap_or_else(own_db);
        let sightings = match setup.sightings_bank {
            None => None,
            Some(name) => {
                let store = Store::open_with(&db, setup.opening.clone()).await.unwrap();
                create_bank(&store, name, Purpose::Seen).await;
                store.close().await;
                let key = AccountKey::new(ACCOUNT_KEY.as_bytes()).unwrap();
                let bank = BankName::new(name).unwrap();
                Some(SightingsConfig { bank, retention_days: 30, key })
            }
        };
        let config = Config {
            database: DatabaseConfig { url: db.clone(), opening: setup.opening },
            models: ModelsConfig::default(),
            lookups: Lookups::All,
            gate: GateConfig { cores: setup.cores, waiting_max: setup.waiting_max },
            sightings,
            access: match setup.bank_token {
                Some(token) => AccessConfig::Token(BankToken::new(token).unwrap()),
                None => AccessConfig::Everybody,
            },
            require_keys: setup.require_keys,
            fetch: setup.fetch,
            later: setup.later,
            webhook_addresses: setup.webhook_addresses,
            receipt_keys: setup.receipt_keys,
            shadow: None,
            otlp: None,
        };
        let app = App::open_with(checker_by(setup.policy), config).await.unwrap();
        if let Some(live) = app.live().cloned() {
            tokio::spawn(async move { live.follow().await });
        }
        let (store, live) = (app.store().clone(), app.live().unwrap().clone());
        let sightings = app.sightings().cloned();
        let mut service = http::service::Service::new(app.clone());
        service.uploads.pace = setup.pace;
        service.uploads.room = setup.room.unwrap_or(service.uploads.room);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        service.origins = setup.origins;
        service.hma = setup.hma;
        service.limiters = ClientLimiters::new(setup.requests_per_minute);
        let service = Arc::new(service);
        let metrics = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let metrics_url = format!("http://{}/metrics", metrics.local_addr().unwrap());
        let routes = http::measuring::router(Arc::clone(&service));
        tokio::spawn(http::server::serve(metrics, routes, std::future::pending()));
        let router = http::router(service);
        tokio::spawn(http::server::serve(listener, router, std::future::pending()));
        // The service closes a connection that is idle for some seconds, as a slow test may be.
        let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Self { app, url, metrics_url, db, client, store, live, sightings, _place: place }
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What Prometheus would read.
    pub async fn metrics(&self) -> String {
        self.client.get(&self.metrics_url).send().await.unwrap().text().await.unwrap()
    }

    /// Sends the photo as a form.
    pub async fn check(&self, photo: Vec<u8>) -> Response {
        let form = photo_form(photo);
        self.client.post(self.at("/v1/check")).multipart(form).send().await.unwrap()
    }

    /// Sends the photo as a form, as shown by an account.
    pub async fn check_for(&self, photo: Vec<u8>, account: &str) -> Response {
        let form = photo_form(photo).text("account_id", account.to_owned());
        self.client.post(self.at("/v1/check")).multipart(form).send().await.unwrap()
    }

    /// Sends the photo as the body.
    pub async fn check_raw(&self, photo: Vec<u8>) -> Response {
        self.client.post(self.at("/v1/check")).body(photo).send().await.unwrap()
    }

    /// The bank of that name, as statements name it.
    pub async fn bank(&self, name: &str) -> photocheck::store::Bank {
        self.store.bank(TenantId::DEFAULT, &BankName::new(name).unwrap()).await.unwrap()
    }

    pub async fn create_bank(&self, name: &str) {
        let body = serde_json::json!({ "name": name });
        let answer = self.client.post(self.at("/v1/banks")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
    }

    /// Creates a bank for a purpose and returns the answer.
    pub async fn create_bank_for(&self, name: &str, purpose: &str, imported: bool) -> Value {
        let body = serde_json::json!({ "name": name, "purpose": purpose, "imported": imported });
        let answer = self.client.post(self.at("/v1/banks")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    /// Adds a photo to a bank and returns the answer.
    pub async fn bank_photo(&self, bank: &str, photo: Vec<u8>) -> Value {
        let url = self.at(&format!("/v1/banks/{bank}/contents"));
        let answer = self.client.post(url).body(photo).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json().await.unwrap()
    }
}
