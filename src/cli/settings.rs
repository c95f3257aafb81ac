//! Settings: what the operator decided, by a flag, in the environment, or in the configuration
//! file, in this order; a default where nothing was said.
//!
//! All faults are collected, so that a start tells all of them at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "PHOTOCHECK_CONFIG";

/// A setting: its key in the file. Its flag and its variable follow from that.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub key: &'static str,
    pub default: Option<&'static str>,
    /// Never shown, and never a flag that a list of processes should show.
    pub secret: bool,
}

/// Every setting.
pub const SETTINGS: [Setting; 33] = [
    setting("db", None),
    setting("index_folder", None),
    setting("model", None),
    setting("policy", Some("strict")),
    setting("listen", Some("127.0.0.1:8080")),
    setting("metrics_listen", None),
    setting("stop_delay_s", Some("3")),
    setting("log", Some("warn,photocheck=info,tower_http=info")),
    setting("shadow_model", None),
    setting("shadow_policy", None),
    setting("shadow_share", Some("0.05")),
    setting("otlp_endpoint", None),
    setting("otlp_share", Some("1")),
    Setting { secret: true, ..setting("bank_token", None) },
    setting("banks_open_to_everybody", Some("false")),
    setting("checks_open_to_everybody", Some("false")),
    setting("require_keys", Some("false")),
    setting("cors_origins", None),
    setting("requests_per_minute", None),
    setting("review_page", Some("true")),
    setting("insight_page", Some("true")),
    setting("protect_page", Some("true")),
    setting("hma", Some("false")),
    setting("fetch_urls", Some("false")),
    setting("fetch_networks", None),
    setting("webhook_networks", None),
    setting("sightings_bank", None),
    setting("sightings_retention_days", None),
    Setting { secret: true, ..setting("account_key", None) },
    setting("waiting_photos", Some("memory")),
    setting("checks_kept_days", Some("7")),
    Setting { secret: true, ..setting("photo_key", None) },
    // A file; but whoever takes it for the key itself must not find that in a log.
    Setting { secret: true, ..setting("receipt_key", None) },
];

const fn setting(key: &'static str, default: Option<&'static str>) -> Setting {
    Setting { key, default, secret: false }
}

impl Setting {
    /// The flag, for those that have one.
    #[must_use]
    pub fn flag(&self) -> String {
        format!("--{}", self.key.replace('_', "-"))
    }

    /// The variable of the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("PHOTOCHECK_{}", self.key.to_ascii_uppercase())
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag(String),
    Variable(String),
    File(PathBuf),
    Default,
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Variable(variable) => write!(f, "{variable}"),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Default => write!(f, "default"),
        }
    }
}

/// A value and where it comes from. Secrets are not shown by `Debug`.
#[derive(Clone)]
struct Given {
    value: OsString,
    origin: Origin,
}

/// What was said on the command line: a key and its value.
pub type Flag = (&'static str, Option<String>);

/// See the module's text.
#[derive(Default)]
pub struct Settings {
    given: BTreeMap<&'static str, Given>,
    faults: Vec<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl Settings {
    /// What was said by these flags, in the environment, and in the file that a flag or a variable
    /// names.
    ///
    /// # Errors
    /// When the file cannot be read, or is not TOML.
    pub fn read(flags: Vec<Flag>, file: Option<&Path>) -> anyhow::Result<Self> {
        let named = std::env::var_os(CONFIG_VARIABLE).map(PathBuf::from);
        let file = file.map(Path::to_owned).or(named);
        let table = match &file {
            None => toml::Table::new(),
            Some(path) => read_file(path)?,
        };
        let variable = |name: &str| std::env::var_os(name);
        Ok(Self::layered(flags, variable, &file.unwrap_or_default(), &table))
    }

    fn layered(
        flags: Vec<Flag>,
        variable: impl Fn(&str) -> Option<OsString>,
        path: &Path,
        table: &toml::Table,
    ) -> Self {
        let mut settings = Self::default();
        let mut flags: BTreeMap<_, _> =
            flags.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        for key in table.keys() {
            if !SETTINGS.iter().any(|setting| setting.key == key) {
                settings.faults.push(format!("{}: there is no setting {key}", path.display()));
            }
        }
        for setting in SETTINGS {
            let in_file = table.get(setting.key).and_then(|value| {
                let text = plain_text(value);
                if text.is_none() {
                    let fault = format!(
                        "{}: {} must be a text, a number, true or false, or a list of texts",
                        path.display(),
                        setting.key
                    );
                    settings.faults.push(fault);
                }
                text
            });
            let said = if let Some(value) = flags.remove(setting.key) {
                Some((value.into(), Origin::Flag(setting.flag())))
            } else if let Some(value) = variable(&setting.variable()) {
                Some((value, Origin::Variable(setting.variable())))
            } else if let Some(value) = in_file {
                Some((value.into(), Origin::File(path.to_owned())))
            } else {
                setting.default.map(|value| (value.into(), Origin::Default))
            };
            if let Some((value, origin)) = said {
                settings.given.insert(setting.key, Given { value, origin });
            }
        }
        settings
    }

    /// The bytes of a setting, which may be no Unicode.
    #[must_use]
    pub fn raw(&self, key: &str) -> Option<&OsStr> {
        self.given.get(key).map(|given| given.value.as_os_str())
    }

    /// Where a setting comes from, if there is one.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.given.get(key).map(|given| &given.origin)
    }

    /// A setting that `parse` understands; what it does not is a fault.
    pub fn take<T, E: Display>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Given { value, origin } = self.given.get(key)?;
        let Some(text) = value.to_str() else {
            self.faults.push(format!("{key} ({origin}): it is not Unicode"));
            return None;
        };
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                // A secret is not repeated.
                let is_secret = SETTINGS.iter().any(|it| it.key == key && it.secret);
                let shown = if is_secret { String::new() } else { format!(" {text:?}:") };
                self.faults.push(format!("{key} ({origin}):{shown} {error}"));
                None
            }
        }
    }

    /// Notes a fault of settings that do not go together.
    pub fn note_fault(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    /// Makes sure that there were no faults.
    ///
    /// # Errors
    /// With all of them.
    pub fn ensure_no_faults(&self) -> anyhow::Result<()> {
        match self.faults.as_slice() {
            [] => Ok(()),
            [fault] => Err(anyhow::anyhow!("the configuration is not valid: {fault}")),
            faults => {
                Err(anyhow::anyhow!("the configuration is not valid:\n  {}", faults.join("\n  ")))
            }
        }
    }

    /// What is in force, a setting a line as the file would have it, and where it comes from.
    /// Secrets are masked.
    #[must_use]
    pub fn shown(&self) -> String {
        let lines = SETTINGS.iter().map(|Setting { key, secret, .. }| match self.given.get(key) {
            None => format!("# {key} is not set\n"),
            Some(Given { origin, .. }) if *secret => format!("{key} = \"***\"  # {origin}\n"),
            Some(Given { value, origin }) => {
                let text = toml::Value::String(without_password(&value.to_string_lossy()));
                format!("{key} = {text}  # {origin}\n")
            }
        });
        lines.collect()
    }
}

/// The text, without the password of a URL of a database.
fn without_password(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else { return text.to_owned() };
    let in_query = |(name, _): (Cow<'_, str>, Cow<'_, str>)| name == "password";
    if url.password().is_none() && !url.query_pairs().any(in_query) {
        return text.to_owned();
    }
    if url.query_pairs().any(in_query) {
        url.set_query(Some("***"));
    }
    // It fails only for URLs that cannot have a password.
    let _ = url.set_password(Some("***"));
    url.into()
}

fn read_file(path: &Path) -> anyhow::Result<toml::Table> {
    let named = || format!("the configuration file {}", path.display());
    let text = std::fs::read_to_string(path).with_context(named)?;
    text.parse::<toml::Table>().with_context(named)
}

/// A value of the file as a flag would have it; lists are separated by commas.
fn plain_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Array(values) => {
            let texts: Option<Vec<_>> = values.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(flags: Vec<Flag>, variables: &[(&str, &str)], file: &str) -> Settings {
        let variable = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        };
        Settings::layered(flags, variable, Path::new("x.toml"), &file.parse().unwrap())
    }

    #[test]
    fn a_flag_outranks_a_variable_and_that_the_file() {
        let file = "listen = '127.0.0.1:3'\nlog = 'info'\nstop_delay_s = 9";
        let variables = [("PHOTOCHECK_LISTEN", "127.0.0.1:2"), ("PHOTOCHECK_LOG", "debug")];
        let flags = vec![("listen", Some("127.0.0.1:1".to_owned())), ("db", None)];
        let mut settings = layered(flags, &variables, file);
        let mut value = |key| settings.take(key, |text| Ok::<_, String>(text.to_owned()));
        assert_eq!(value("listen").unwrap(), "127.0.0.1:1");
        assert_eq!(value("log").unwrap(), "debug");
        assert_eq!(value("stop_delay_s").unwrap(), "9");
        assert_eq!(value("banks_open_to_everybody").unwrap(), "false");
        assert_eq!(value("db"), None);
        let shown = settings.shown();
        for line in [
            "listen = \"127.0.0.1:1\"  # --listen",
            "log = \"debug\"  # PHOTOCHECK_LOG",
            "stop_delay_s = \"9\"  # x.toml",
            "banks_open_to_everybody = \"false\"  # default",
            "# db is not set",
        ] {
            assert!(shown.lines().any(|it| it == line), "{line}: {shown}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once_and_no_secret_is() {
        let variables = [("PHOTOCHECK_BANK_TOKEN", "geheim"), ("PHOTOCHECK_STOP_DELAY_S", "soon")];
        let mut settings = layered(Vec::new(), &variables, "liste = 1\nlisten = 1.5");
        settings.take("stop_delay_s", str::parse::<u16>);
        settings.take("bank_token", |_| Err::<(), _>("it is too short"));
        let told = settings.ensure_no_faults().unwrap_err().to_string();
        for fault in [
            "x.toml: there is no setting liste",
            "x.toml: listen must be a text, a number, true or false, or a list of texts",
            "stop_delay_s (PHOTOCHECK_STOP_DELAY_S): \"soon\": invalid digit found in string",
            "bank_token (PHOTOCHECK_BANK_TOKEN): it is too short",
        ] {
            assert!(told.contains(fault), "{fault}: {told}");
        }
        assert!(!told.contains("geheim") && !settings.shown().contains("geheim"));
        for (url, shown) in [
            ("postgres://me:geheim@db.example/photos", "postgres://me:***@db.example/photos"),
            (
                "postgres://me@db.example/photos?password=geheim",
                "postgres://me:***@db.example/photos?***",
            ),
            ("postgres://me@db.example/photos", "postgres://me@db.example/photos"),
            ("sqlite:/a b.sqlite", "sqlite:/a b.sqlite"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
