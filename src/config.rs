//! What the operator decided, in one value. Flags, the environment and the configuration file fill
//! it, once; nothing else reads them.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use photocheck_core::bank::BankName;

use crate::accounts::AccountKey;
use crate::app::access::AccessConfig;
use crate::fetch::Addresses;
use crate::photo_key::PhotoKey;
use crate::receipts::SigningKeys;
use crate::share::Share;
use crate::store::Opening;
use crate::traces::OtlpConfig;

/// All that [`crate::app::App::open`] needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    pub database: DatabaseConfig,
    pub models: ModelsConfig,
    pub lookups: Lookups,
    pub gate: GateConfig,
    /// `None` where the operator has not opted in.
    pub sightings: Option<SightingsConfig>,
    pub access: AccessConfig,
    /// Whether calls need a key although none was made yet.
    pub require_keys: bool,
    /// From where photos are fetched; `None` where they are not taken by URL.
    pub fetch: Option<Addresses>,
    pub later: LaterConfig,
    /// Where webhooks may be sent.
    pub webhook_addresses: Addresses,
    /// What signs receipts; `None` where none are signed.
    pub receipt_keys: Option<SigningKeys>,
    /// What checks photos too, unseen; `None` where nothing does.
    pub shadow: Option<ShadowConfig>,
    /// Where traces go; `None` where they go nowhere.
    pub otlp: Option<OtlpConfig>,
}

impl Config {
    /// Of a program that answers no requests and keeps no sightings.
    #[must_use]
    pub fn without_service(
        database: DatabaseConfig,
        models: ModelsConfig,
        lookups: Lookups,
        gate: GateConfig,
    ) -> Self {
        Self {
            database,
            models,
            lookups,
            gate,
            sightings: None,
            access: AccessConfig::Nobody,
            require_keys: false,
            fetch: None,
            later: LaterConfig::default(),
            webhook_addresses: Addresses::default(),
            receipt_keys: None,
            shadow: None,
            otlp: None,
        }
    }
}

/// How checks are kept that are done later.
#[derive(Debug, Clone)]
pub struct LaterConfig {
    pub photos: WaitingPhotos,
    /// Days after it was finished until a check is forgotten.
    pub kept_days: u16,
}

/// Where photos wait, and URLs of photos.
#[derive(Debug, Clone)]
pub enum WaitingPhotos {
    /// In the memory of the program that took them: lost with it.
    InMemory,
    /// In the database, encrypted.
    Encrypted(PhotoKey),
}

impl Default for LaterConfig {
    fn default() -> Self {
        Self { photos: WaitingPhotos::InMemory, kept_days: 7 }
    }
}

/// How the service meets its clients.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct ServiceConfig {
    pub listen: SocketAddr,
    /// Whether the operator lets whoever reaches it use it while there is no key.
    pub open_without_keys: bool,
    /// For Prometheus; `None` where nothing is published.
    pub metrics_listen: Option<SocketAddr>,
    /// Between the end of readiness and the end of listening.
    pub stop_delay: Duration,
    /// Whose pages may call the API.
    pub origins: Vec<Origin>,
    /// Of one client; `None` where there is no limit.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Whether there is a page for moderators.
    pub review_page: bool,
    /// Whether they have a page of insight beside it.
    pub insight_page: bool,
    /// Whether people are offered to make fingerprints of their own photos.
    pub protect_page: bool,
    /// Whether HMA's interface is there.
    pub hma: bool,
}

/// An origin of web pages: a scheme and a host, perhaps with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Checks that it is written as browsers send it.
    ///
    /// # Errors
    /// When it is not.
    pub fn new(origin: &str) -> Result<Self, String> {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let plain = |c: u8| {
            c.is_ascii_lowercase()
                || c.is_ascii_digit()
                || matches!(c, b'.' | b'-' | b':' | b'[' | b']')
        };
        match host {
            Some(host) if !host.is_empty() && host.bytes().all(plain) => {
                Ok(Self(origin.to_owned()))
            }
            _ => Err(format!("an origin is written https://app.example.org, not {origin:?}")),
        }
    }

    /// As browsers send it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which database, and how it is opened.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `sqlite:` and the path of a file, or `postgres://` and a database of a server.
    pub url: String,
    pub opening: Opening,
}

/// Models and policy to use instead of the built-in ones.
#[derive(Debug, Clone, Default)]
pub struct ModelsConfig {
    /// A folder, beside that of the model's trunk.
    pub model: Option<PathBuf>,
    pub policy: PolicyChoice,
}

/// A candidate for the model and the policy.
#[derive(Debug, Clone)]
pub struct ShadowConfig {
    pub models: ModelsConfig,
    /// Of the photos.
    pub share: Share,
}

/// Which policy decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyChoice {
    Bundled(BundledPolicy),
    /// The operator's own.
    File(PathBuf),
}

/// The bundled policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundledPolicy {
    /// A photo made by AI counts against whoever shows it.
    Strict,
    /// That it was made by AI is said, and does not count.
    Label,
}

impl BundledPolicy {
    /// Every bundled policy.
    pub const ALL: [Self; 2] = [Self::Strict, Self::Label];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Label => "label",
        }
    }

    /// The policy of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

impl Default for PolicyChoice {
    fn default() -> Self {
        Self::Bundled(BundledPolicy::Strict)
    }
}

impl From<&OsStr> for PolicyChoice {
    /// The name of a bundled policy, or else the path of a file.
    fn from(text: &OsStr) -> Self {
        let bundled = text.to_str().and_then(BundledPolicy::from_name);
        bundled.map_or_else(|| Self::File(text.into()), Self::Bundled)
    }
}

/// What photos are looked up among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookups {
    /// All banks, to check photos.
    All,
    /// Photos seen on accounts, to bank photos; where there are none, no index is loaded.
    Sightings,
}

/// How much CPU work is done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateConfig {
    pub cores: usize,
    /// Photos that may wait before others are turned away.
    pub waiting_max: usize,
}

/// How sightings are kept.
#[derive(Debug, Clone)]
pub struct SightingsConfig {
    /// A bank of the purpose `seen`.
    pub bank: BankName,
    /// Days after its last sighting until an account's sighting of a photo is forgotten.
    pub retention_days: u16,
    pub key: AccountKey,
}

impl GateConfig {
    /// For a service: all cores, and a queue that is empty again within seconds.
    #[must_use]
    pub fn for_service() -> Self {
        /// Photos that may wait for each core.
        const WAITING_PER_CORE: usize = 16;
        /// The same on a small machine, in all.
        const WAITING_MIN: usize = 32;
        let cores = cores();
        Self { cores, waiting_max: WAITING_MIN.max(cores * WAITING_PER_CORE) }
    }

    /// For a list of photos: all cores, and as many photos that are read meanwhile.
    #[must_use]
    pub fn for_list() -> Self {
        Self { cores: cores(), waiting_max: cores() }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
