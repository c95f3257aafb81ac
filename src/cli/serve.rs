//! `photocheck serve`: the HTTP service, until it is asked to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

use super::later_args::{self, LaterArgs};
use super::receipt;
use super::settings::{Flag, Settings};
use super::shared::{SharedArgs, Use, block_on};
use super::sightings_args::{self, SightingsArgs};
use super::stop_signals::{Asked, StopSignals};
use crate::app::App;
use crate::app::access::{self, AccessConfig, BankToken};
use crate::app::tenants::Tenants;
use crate::config::{
    Config, GateConfig, Lookups, ModelsConfig, Origin, PolicyChoice, ServiceConfig, ShadowConfig,
};
use crate::fetch::{Addresses, Network};
use crate::http;
use crate::http::service::Service;
use crate::share::Share;
use crate::telemetry;
use crate::traces::{OtlpConfig, OtlpEndpoint};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Address and port for Prometheus, at /metrics; without it nothing is published
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics_listen: Option<String>,
    /// Token that /v1/banks asks for [default: one made at first start, in a file beside the
    /// database]. Better set in the environment
    #[arg(long, value_name = "TOKEN")]
    bank_token: Option<String>,
    /// Ask for no token: whoever reaches the port may list, change and export the banks
    #[arg(long, conflicts_with = "bank_token")]
    banks_open_to_everybody: bool,
    /// While there is no API key, listen beyond this machine too: whoever reaches the port may
    /// check photos
    #[arg(long)]
    checks_open_to_everybody: bool,
    /// Ask every call for an API key, also while there is none yet
    #[arg(long)]
    require_keys: bool,
    /// Origins whose pages may call the API, separated by commas [default: none]
    #[arg(long, value_name = "ORIGINS")]
    cors_origins: Option<String>,
    /// Requests a minute that one client may send, a client being a key, whoever has the token, or
    /// an address [default: no limit]
    #[arg(long, value_name = "COUNT")]
    requests_per_minute: Option<String>,
    /// Whether moderators find their queue at /review [default: true]
    #[arg(long, value_name = "true|false")]
    review_page: Option<String>,
    /// Whether moderators see charts of all checks at /insight, where they have /review
    /// [default: true]
    #[arg(long, value_name = "true|false")]
    insight_page: Option<String>,
    /// Whether people are offered to make fingerprints of their own photos at /protect
    /// [default: true]
    #[arg(long, value_name = "true|false")]
    protect_page: Option<String>,
    /// Answer as HMA (Hasher-Matcher-Actioner) does, too: /h/hash, /m/lookup, /c/banks and others
    #[arg(long)]
    hma: bool,
    /// Fetch photos from URLs that callers send, from public addresses only
    #[arg(long)]
    fetch_urls: bool,
    /// Networks that photos may be fetched from beside public addresses, separated by commas
    /// [default: none]
    #[arg(long, value_name = "NETWORKS")]
    fetch_networks: Option<String>,
    /// Networks that webhooks may be sent to beside public addresses, separated by commas [default:
    /// none]
    #[arg(long, value_name = "NETWORKS")]
    webhook_networks: Option<String>,
    /// Folder of a model that checks photos too, beside that of its trunk; nobody is shown its
    /// answers
    #[arg(long, value_name = "DIR")]
    shadow_model: Option<String>,
    /// Policy that judges photos too; nobody is shown its answers
    #[arg(long, value_name = "strict|label|FILE")]
    shadow_policy: Option<String>,
    /// Share of the photos that they check and judge, 0 to 1 [default: 0.05]
    #[arg(long, value_name = "SHARE")]
    shadow_share: Option<String>,
    /// Collector that traces go to by OTLP over HTTP, such as
    /// `http://127.0.0.1:4318` [default: none]
    #[arg(long, value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// Share of the traces that begin here that go there, 0 to 1 [default: 1]
    #[arg(long, value_name = "SHARE")]
    otlp_share: Option<String>,
    /// Seconds between the end of readiness and the end of listening, at SIGTERM [default: 3]
    #[arg(long, value_name = "SECONDS")]
    stop_delay_s: Option<String>,
    #[command(flatten)]
    sightings: SightingsArgs,
    #[command(flatten)]
    later: LaterArgs,
}

/// Seconds that a stop may be delayed, at most.
const STOP_DELAY_S_MAX: u64 = 300;

/// All that `serve` needs to know.
pub(super) struct ServeConfig {
    app: Config,
    service: ServiceConfig,
    log: EnvFilter,
}

/// Serves until SIGINT or SIGTERM, then finishes what it has accepted.
///
/// # Errors
/// When the configuration is not valid, or the models, the database or an address cannot be had.
pub fn run(args: &ServeArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let mut settings = shared.settings(args.flags())?;
    let config = ServeArgs::read(shared, &mut settings);
    settings.ensure_no_faults()?;
    let config = config.context("the configuration is not valid")?;
    telemetry::start(config.log);
    block_on(serve(config.app, config.service))
}

async fn serve(config: Config, service: ServiceConfig) -> anyhow::Result<ExitCode> {
    let access = config.access.clone();
    ensure_not_open(&config, &service).await?;
    let listener = bind(service.listen).await?;
    let metrics_listener = match service.metrics_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let address = listener.local_addr()?;
    let started = Arc::<OnceLock<Router>>::default();
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = http::starting::router(Arc::clone(&started));
    let serving = tokio::spawn(http::server::serve(listener, routes, async {
        let _ = stopped.await;
    }));
    let app = App::open(config).await?;
    app.follow();
    let stop_delay = service.stop_delay;
    let service = Arc::new(Service::with_config(app.clone(), &service));
    if let Some(listener) = metrics_listener {
        let address = listener.local_addr()?;
        tracing::info!(%address, "metrics are at /metrics");
        let routes = http::measuring::router(Arc::clone(&service));
        tokio::spawn(http::server::serve(listener, routes, std::future::pending()));
    }
    let _ = started.set(http::router(Arc::clone(&service)));
    // Before anybody knows the address: who does may ask to stop.
    let mut signals = StopSignals::new().context("cannot wait for signals")?;
    tracing::info!(%address, "listening");
    // For whoever started it: the port is known only now when 0 was asked for.
    let who = if app.callers().need_keys() {
        "calls need an API key (photocheck key create)".to_owned()
    } else {
        who_may_use_banks(&access, app.store().file())
    };
    writeln!(std::io::stdout(), "photocheck listens on http://{address}\n{who}")?;
    let asked = signals.next().await;
    service.begin_to_stop();
    if asked == Asked::Terminate {
        // Whoever sends work here sees meanwhile that it is not ready.
        tracing::info!(delay_s = stop_delay.as_secs(), "stopping");
        tokio::select! {
            () = tokio::time::sleep(stop_delay) => {}
            _ = signals.next() => {}
        }
    }
    let _ = stop.send(());
    serving.await?;
    tracing::info!("stopped");
    app.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Makes sure that nobody beyond this machine is let in by oversight: there is a key, so that calls
/// need one, or the operator said in so many words that they need none.
async fn ensure_not_open(config: &Config, service: &ServiceConfig) -> anyhow::Result<()> {
    let is_loopback = service.listen.ip().to_canonical().is_loopback();
    if is_loopback || config.require_keys || service.open_without_keys {
        return Ok(());
    }
    let tenants = Tenants::open(&config.database).await?;
    let has_keys = tenants.store().keys_required().await;
    tenants.store().close().await;
    anyhow::ensure!(
        has_keys?,
        "listening on {} would let whoever reaches it check photos, because there is no API key: \
         make one (photocheck key create), or add --require-keys, or say that you want that with \
         --checks-open-to-everybody",
        service.listen
    );
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

impl ServeArgs {
    /// What was typed.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        let mut flags = vec![
            ("listen", self.listen.clone()),
            ("metrics_listen", self.metrics_listen.clone()),
            ("bank_token", self.bank_token.clone()),
            ("banks_open_to_everybody", self.banks_open_to_everybody.then(|| "true".to_owned())),
            ("checks_open_to_everybody", self.checks_open_to_everybody.then(|| "true".to_owned())),
            ("require_keys", self.require_keys.then(|| "true".to_owned())),
            ("cors_origins", self.cors_origins.clone()),
            ("requests_per_minute", self.requests_per_minute.clone()),
            ("review_page", self.review_page.clone()),
            ("insight_page", self.insight_page.clone()),
            ("protect_page", self.protect_page.clone()),
            ("hma", self.hma.then(|| "true".to_owned())),
            ("stop_delay_s", self.stop_delay_s.clone()),
            ("fetch_urls", self.fetch_urls.then(|| "true".to_owned())),
            ("fetch_networks", self.fetch_networks.clone()),
            ("webhook_networks", self.webhook_networks.clone()),
            ("shadow_model", self.shadow_model.clone()),
            ("shadow_policy", self.shadow_policy.clone()),
            ("shadow_share", self.shadow_share.clone()),
            ("otlp_endpoint", self.otlp_endpoint.clone()),
            ("otlp_share", self.otlp_share.clone()),
        ];
        flags.extend(self.sightings.flags());
        flags.extend(self.later.flags());
        flags
    }

    /// What the settings mean; their faults are noted in them.
    pub(super) fn read(shared: &SharedArgs, settings: &mut Settings) -> Option<ServeConfig> {
        let listen = settings.take("listen", str::parse::<SocketAddr>);
        let metrics_listen = settings.take("metrics_listen", str::parse::<SocketAddr>);
        let stop_delay = settings.take("stop_delay_s", read_stop_delay);
        let origins = settings.take("cors_origins", read_origins).unwrap_or_default();
        let requests_per_minute = settings.take("requests_per_minute", str::parse::<NonZeroU32>);
        let review_page = settings.take("review_page", str::parse::<bool>);
        let insight_page = settings.take("insight_page", str::parse::<bool>);
        let protect_page = settings.take("protect_page", str::parse::<bool>);
        let hma = settings.take("hma", str::parse::<bool>);
        let fetch = read_fetch(settings);
        let log = settings.take("log", |filter| EnvFilter::try_new(filter));
        let access = read_access(settings);
        let checks_open = settings.take("checks_open_to_everybody", str::parse::<bool>);
        let require_keys = settings.take("require_keys", str::parse::<bool>).unwrap_or(false);
        let is_open = matches!(access, AccessConfig::Everybody);
        let open_without_keys = is_open || checks_open.unwrap_or(false);
        if require_keys && open_without_keys {
            settings.note_fault(
                "require_keys excludes banks_open_to_everybody and checks_open_to_everybody",
            );
        }
        let sightings = sightings_args::read(settings);
        let later = later_args::read(settings);
        let receipt_keys = receipt::read_keys(settings);
        let otlp = read_otlp(settings);
        let shadow = read_shadow(settings);
        let networks = settings.take("webhook_networks", read_networks).unwrap_or_default();
        let webhook_addresses = Addresses { networks, ..Addresses::default() };
        let config = shared.read(Use::Write, Lookups::All, GateConfig::for_service(), settings);
        let service = ServiceConfig {
            listen: listen?,
            open_without_keys,
            metrics_listen,
            stop_delay: stop_delay?,
            origins,
            requests_per_minute,
            review_page: review_page?,
            insight_page: insight_page?,
            protect_page: protect_page?,
            hma: hma?,
        };
        let later = later?;
        let config = config?;
        let app = Config {
            sightings,
            access,
            require_keys,
            fetch,
            later,
            webhook_addresses,
            receipt_keys,
            shadow,
            otlp,
            ..config
        };
        Some(ServeConfig { app, service, log: log? })
    }
}

fn read_access(settings: &mut Settings) -> AccessConfig {
    let is_open = settings.take("banks_open_to_everybody", str::parse::<bool>).unwrap_or(false);
    let token = settings.take("bank_token", BankToken::new);
    match token {
        Some(_) if is_open => {
            settings.note_fault("bank_token and banks_open_to_everybody exclude each other");
            AccessConfig::Everybody
        }
        Some(token) => AccessConfig::Token(token),
        None if is_open => AccessConfig::Everybody,
        None => AccessConfig::TokenFile,
    }
}

/// `None` where nothing is fetched.
fn read_fetch(settings: &mut Settings) -> Option<Addresses> {
    let networks = settings.take("fetch_networks", read_networks);
    let is_on = settings.take("fetch_urls", str::parse::<bool>).unwrap_or(false);
    if networks.is_some() && !is_on {
        settings.note_fault("fetch_networks needs fetch_urls as well (--fetch-urls)");
    }
    is_on.then(|| Addresses { networks: networks.unwrap_or_default(), ..Addresses::default() })
}

/// `None` where no candidate is named. What is not named of it is as in force.
fn read_shadow(settings: &mut Settings) -> Option<ShadowConfig> {
    let share = settings.take("shadow_share", str::parse::<Share>)?;
    let model = settings.raw("shadow_model").or_else(|| settings.raw("model"));
    let policy = settings.raw("shadow_policy").or_else(|| settings.raw("policy"));
    let is_named = |key| settings.raw(key).is_some();
    if !is_named("shadow_model") && !is_named("shadow_policy") {
        return None;
    }
    let policy = policy.map(PolicyChoice::from).unwrap_or_default();
    Some(ShadowConfig { models: ModelsConfig { model: model.map(PathBuf::from), policy }, share })
}

/// `None` where traces go nowhere.
fn read_otlp(settings: &mut Settings) -> Option<OtlpConfig> {
    let endpoint = settings.take("otlp_endpoint", str::parse::<OtlpEndpoint>);
    let share = settings.take("otlp_share", str::parse::<Share>).unwrap_or(Share::ALL);
    endpoint.map(|endpoint| OtlpConfig { endpoint, share })
}

fn read_networks(text: &str) -> Result<Vec<Network>, String> {
    text.split(',').map(|network| network.trim().parse()).collect()
}

fn read_stop_delay(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<u64>().map_err(|error| error.to_string())?;
    if STOP_DELAY_S_MAX < seconds {
        return Err(format!("the limit is {STOP_DELAY_S_MAX}"));
    }
    Ok(Duration::from_secs(seconds))
}

fn read_origins(text: &str) -> Result<Vec<Origin>, String> {
    text.split(',').map(|origin| Origin::new(origin.trim())).collect()
}

/// Who may use the banks, in words. The token itself is in none of them: what a service prints is
/// kept in logs.
fn who_may_use_banks(access: &AccessConfig, database: Option<&Path>) -> String {
    match (access, database) {
        (AccessConfig::Everybody, _) => {
            "the banks are open to everybody who reaches this port".to_owned()
        }
        (AccessConfig::TokenFile, Some(file)) => {
            let path = access::path_beside(file);
            format!("the banks need the token in {}", path.display())
        }
        (AccessConfig::Token(_) | AccessConfig::TokenFile | AccessConfig::Nobody, _) => {
            "the banks need the token in PHOTOCHECK_BANK_TOKEN".to_owned()
        }
    }
}
